import MawsBase
import MawsOptimizer
import MawsStorage
import MawsWire

/// The step from one version to the next.
///
/// The reduced gradient lies where the next version of the weights will, and moments change in place, so that a state
/// is as small as it can be: each chunk is changed under the state file's journal.
extension ShardMemory {
    /// Makes the next version. That of a skipped step has the weights and moments of this one.
    func apply(_ commit: Commit) throws {
        try file.sealUpdating(StateUpdate(learningRate: commit.learningRate, clipScale: commit.clipScale))
        try finishUpdate()
    }

    /// Does what is left of an update that an earlier process died in.
    func resumeUpdate() throws {
        guard file.content.update != nil else { return }
        file.journal.restore { chunk in
            let (block, range) = layout.elements(ofChunk: chunk)
            return changedAreas(block, range)
        }
        try finishUpdate()
    }

    private func finishUpdate() throws {
        let content = file.content
        guard let update = content.update else { return }
        let pieces = layout.trainedBlocks.flatMap { block in
            UpdateThreads.pieces(of: slices[block]).map { (block, $0) }
        }
        threads.forEach(pieces.count) { index, lane in
            let (block, piece) = pieces[index]
            for start in stride(from: piece.lowerBound, to: piece.upperBound, by: ShardLayout.chunkLength) {
                let range = start..<min(start + ShardLayout.chunkLength, piece.upperBound)
                if file.journal.isDone(layout.chunk(block, at: start)) { continue }
                change(block, range, lane: lane, update, content)
            }
        }
        try file.sealApplied()
    }

    private func change(_ block: Int, _ range: Range<Int>, lane: Int, _ update: StateUpdate, _ content: StateContent) {
        let weights = weights(block, from: range.lowerBound, bank: 1 - content.activeBank)
        let next = self.weights(block, from: range.lowerBound, bank: content.activeBank)
        if update.clipScale == 0 {
            // A copy can be made again as often as one likes.
            next.update(from: weights, count: range.count)
            return
        }
        file.journal.change(layout.chunk(block, at: range.lowerBound), lane: lane, areas: changedAreas(block, range)) {
            optimizer.update(
                block, of: layout.table, range: range, step: StepIndex(content.step.value - 1),
                learningRate: update.learningRate, clipScale: update.clipScale, weights: weights, gradient: next,
                next: next, moments: moments(block))
        }
    }

    /// What the update of a chunk changes: the gradient that becomes weights, and codes and scales of both moments.
    private func changedAreas(_ block: Int, _ range: Range<Int>) -> [UnsafeMutableRawBufferPointer] {
        let next = weights(block, from: range.lowerBound, bank: file.content.activeBank)
        let moments = moments(block)
        let codes = moments.layout.codeBytes(of: range, in: moments.slice)
        let scales = moments.layout.scaleBytes(of: range, in: moments.slice)
        var areas = [UnsafeMutableRawBufferPointer(start: next, count: 4 * range.count)]
        for moment in [moments.first, moments.second] {
            for part in [codes, scales] {
                areas.append(UnsafeMutableRawBufferPointer(start: moment + part.lowerBound, count: part.count))
            }
        }
        return areas
    }

    private func moments(_ block: Int) -> MomentSlice {
        MomentSlice(
            layout.moments[block], slice: slices[block], first: file.firstMoments + layout.momentOffsets[block],
            second: file.secondMoments + layout.momentOffsets[block])
    }

    /// A trained block's weights from this element on, in one of the banks.
    private func weights(_ block: Int, from element: Int, bank: Int) -> UnsafeMutablePointer<Float> {
        file.weights(bank: bank) + layout.weightOffsets[block] + element - slices[block].lowerBound
    }
}
