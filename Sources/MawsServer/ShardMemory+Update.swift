import MawsBase
import MawsFiles
import MawsOptimizer
import MawsState
import MawsWire
import Synchronization

/// The step from one version to the next.
///
/// The reduced gradient lies where the next version of the weights will, and slots change in place, so that a state
/// is as small as it can be: each chunk is changed under the state file's journal, its checksums with it. What goes
/// into a chunk is verified before anything is made of it, while it is on its way through the cache, so that damage
/// never gets past one step.
extension ShardMemory {
    /// Makes the next version. That of a skipped step has the weights and slots of this one.
    ///
    /// Throws `damaged` where the present one, or its gradient, is not what was written; what is left is of no use.
    ///
    /// - Parameter frozen: what is kept for a checkpoint.
    func apply(_ commit: Commit, keeping frozen: FrozenVersion?) throws {
        // One that is older was kept by the update that came after it.
        let frozen = frozen?.step == content.step ? frozen : nil
        try file.changes.during {
            try file.sealUpdating(StateUpdate(learningRate: commit.learningRate, clipScale: commit.clipScale))
            try finishUpdate(keeping: frozen)
        }
    }

    /// Does what is left of an update, which may be that of an earlier process.
    func finishUpdate(keeping frozen: FrozenVersion? = nil) throws {
        let content = file.content
        guard let update = content.update else { return }
        let journal = file.journal
        try forEachChunk(of: layout.trainedBlocks) { chunk, lane in
            if !journal.isDone(chunk.number) { try change(chunk, lane: lane, update, content, journal, frozen) }
        }
        try file.sealApplied()
    }

    private func change(
        _ chunk: StateChunk, lane: Int, _ update: StateUpdate, _ content: StateContent, _ journal: UpdateJournal,
        _ frozen: FrozenVersion?
    ) throws(StorageError) {
        let (weights, next) = (floats(content.weightsBefore, chunk), floats(content.weights, chunk))
        try checks.verify(content.weightsBefore, chunk)
        guard update.clipScale != 0 else {
            if let frozen {
                for holding in content.slotsBefore(of: chunk) { try checks.verify(holding, chunk) }
                frozen.keep(chunk)
            }
            return journal.change(chunk.number, lane: lane, areas: changedAreas(chunk)) {
                next.update(from: weights, count: chunk.range.count)
                checks.renew(content.weights, chunk)
                for (before, slot) in zip(content.slotsBefore(of: chunk), content.slots(of: chunk)) {
                    checks.pass(before, on: slot, chunk)
                }
            }
        }
        guard let optimizer else { preconditionFailure("a trained block without an optimizer") }
        for holding in [content.gradientBefore] + content.slotsBefore(of: chunk) { try checks.verify(holding, chunk) }
        frozen?.keep(chunk)
        journal.change(chunk.number, lane: lane, areas: changedAreas(chunk)) {
            optimizer.update(
                chunk.block, of: layout.table, range: chunk.range, step: StepIndex(content.step.value - 1),
                learningRate: update.learningRate, clipScale: update.clipScale, weights: weights, gradient: next,
                next: next, slots: slots[chunk.block])
            for holding in [content.weights] + content.slots(of: chunk) { checks.renew(holding, chunk) }
        }
    }

    /// What the update of a chunk changes: the gradient that becomes weights, codes and scales of all slots, and the
    /// checksums.
    private func changedAreas(_ chunk: StateChunk) -> [UnsafeMutableRawBufferPointer] {
        var areas = [checks.regions(.bank(file.content.activeBank), chunk).codes]
        for number in chunk.slots.indices {
            let (scales, codes) = checks.regions(.slot(number), chunk)
            areas += [codes, scales]
        }
        return areas + [checks.entry(chunk)]
    }

    private func floats(_ holding: StateHolding, _ chunk: StateChunk) -> UnsafeMutablePointer<Float> {
        let codes = checks.regions(holding.area, chunk).codes
        guard let start = codes.baseAddress else { preconditionFailure("an empty chunk") }
        return start.assumingMemoryBound(to: Float.self)
    }
}

/// What a process believes of the file that an earlier one left.
extension ShardMemory {
    /// Puts back what an update was at when its process died, then verifies all that is read from here on.
    func verifyAll() throws {
        let (journal, content) = (file.journal, file.content)
        let unfit =
            content.update == nil
            ? journal.foreignMark() : journal.restore { changedAreas(layout.chunk($0, isTrained: true)) }
        if let unfit {
            throw checks.damage("the mark or the copy in the journal", layout.chunk(unfit, isTrained: true))
        }
        try forEachChunk(of: Array(slices.indices)) { chunk, _ in
            let isDone = chunk.isTrained && content.update != nil && journal.isDone(chunk.number)
            for holding in checks.believed(chunk, isDone: isDone) { try checks.verify(holding, chunk) }
        }
    }

    /// Calls `body(chunk, lane)` for each chunk of these blocks, on all threads; throws the first failure, after which
    /// no chunk is begun any more.
    func forEachChunk<Failure: Error>(
        of blocks: [Int], _ body: (_ chunk: StateChunk, _ lane: Int) throws(Failure) -> Void
    ) throws(Failure) {
        let pieces = blocks.flatMap { block in UpdateThreads.pieces(of: slices[block]).map { (block, $0) } }
        let failure = Mutex<Failure?>(nil)
        threads.forEach(pieces.count) { index, lane in
            let (block, piece) = pieces[index]
            for start in stride(from: piece.lowerBound, to: piece.upperBound, by: ShardLayout.chunkLength) {
                if failure.withLock({ $0 != nil }) { return }
                do throws(Failure) {
                    try body(layout.chunk(block, at: start), lane)
                } catch {
                    failure.withLock { $0 = $0 ?? error }
                }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }
}
