import MawsBase
import MawsProtocol
import MawsWire

/// The weights of one stage, gathered from the shards a version at a time; frozen blocks stay for the stage.
final class BlockCache {
    private final class Slot {
        let task: ExchangeTask
        let step: StepIndex
        var cells: [Cell?]

        init(_ task: ExchangeTask, _ step: StepIndex, chunks: Int) {
            (self.task, self.step) = (task, step)
            cells = Array(repeating: nil, count: chunks)
        }
    }

    private let links: ShardLinks
    private let table: BlockTable
    private let layouts: [ShardLayout]
    private let stage: StageIndex
    private var slots: [Slot?]

    init(_ links: ShardLinks, _ arithmetic: Arithmetic, _ stage: StageIndex) {
        (self.links, self.stage) = (links, stage)
        (table, layouts) = (arithmetic.tables[Int(stage.value)], arithmetic.layouts[Int(stage.value)])
        slots = Array(repeating: nil, count: table.blocks.count)
    }

    /// Gathers what version `step` lacks; nil where that fails.
    func gather(_ step: StepIndex, _ body: @escaping ([[Cell]]?) -> Void) {
        guard links.shardCount > 0 else { return body(nil) }
        for block in slots.indices where !isUsable(block, step) {
            if let slot = slots[block] { links.forget(slot.task) }
            slots[block] = request(block, step)
        }
        wait(0, body)
    }

    private func isUsable(_ block: Int, _ step: StepIndex) -> Bool {
        guard let slot = slots[block], links.isDone(slot.task) else { return false }
        if links.world.tampering.does(.keepOldWeights), block == 0 { return true }
        return slot.step == step || !table.blocks[block].isTrainable
    }

    private func wait(_ block: Int, _ body: @escaping ([[Cell]]?) -> Void) {
        guard block < slots.count else {
            return body(slots.map { ($0?.cells ?? []).map { $0 ?? Cell(digest: 0) } })
        }
        guard let slot = slots[block] else { return body(nil) }
        links.wait(for: slot.task) { [self] result in
            guard case .done = result else { return body(nil) }
            wait(block + 1, body)
        }
    }

    private func request(_ block: Int, _ step: StepIndex) -> Slot {
        let count = links.shardCount
        let task = links.open(.gather)
        let slot = Slot(task, step, chunks: ShardLayout.chunkCount(table.blocks[block].count))
        for shard in 0..<count where !layouts[shard].slices[block].isEmpty {
            let chunks = RunShape.chunks(layouts[shard].slices[block])
            let take = ShardPayload.take { [links, stage] _, cells in
                links.world.oracle.gathered(
                    Int(stage.value), step.value, block: block, from: chunks.lowerBound, cells, by: links.process.name)
                for (chunk, cell) in zip(chunks, cells) { slot.cells[chunk] = cell }
            }
            let question = ExchangeQuestion.gather(stage: stage, step: step, block: UInt32(block))
            links.step(.asked(task, shard: shard, question, byteCount: 0), payload: take)
        }
        links.step(.closed(task))
        return slot
    }

    /// Nobody uses it any more.
    func drop() {
        for case let slot? in slots { links.forget(slot.task) }
        slots = Array(repeating: nil, count: slots.count)
    }
}
