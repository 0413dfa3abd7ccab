import MawsBase
import MawsKernels
import MawsModel
import MawsProtocol
import MawsTensor
import MawsTraining

/// The weights of one stage, gathered from the shards a version at a time.
///
/// Where all blocks fit the memory, `begin` asks every shard for every block that is not here, and blocks stay until
/// the next version, frozen ones for the stage. Where they do not, a few are here at a time: the ones in use, and the
/// next ones in the direction in which the computation walks through the table, forward and then backward. Either way
/// the shards' threads fill blocks while the trainer computes on others.
package final class BlockCache: WeightSource {
    /// Blocks asked for ahead of the one in use where not all fit.
    private static let blocksAhead = 2

    private struct Slot {
        /// The exchange's task that fills the block, or has filled it.
        var fetch: ShardTask
        /// The version that is gathered.
        var step: StepIndex
        var weights: BlockWeights
        var users = 0
    }

    private let table: BlockTable
    private let stage: StageIndex
    private let links: ShardLinks
    private let cancellation: Cancellation
    private let meter: WaitMeter
    /// Nil: all blocks stay.
    private let budget: WeightBudget?
    /// Nil: what is packed of a block for its products stays with it.
    private let pool: PackedWeightPool?
    private var layouts: [ShardLayout] = []
    private var slots: [Slot?]
    /// Memory of blocks that are gone, for others of their size.
    private var spares: [(weights: BlockWeights, bytes: Int)] = []
    private var step = StepIndex(0)
    private var position = 0
    /// Most bytes that were held at once.
    package private(set) var heldBytesPeak = 0

    package init(
        table: BlockTable, stage: StageIndex, links: ShardLinks, cancellation: Cancellation, meter: WaitMeter,
        budget: WeightBudget? = nil, keepsPackedWeights: Bool = true
    ) {
        self.table = table
        self.stage = stage
        self.links = links
        self.cancellation = cancellation
        self.meter = meter
        self.budget = budget
        pool = keepsPackedWeights ? nil : PackedWeightPool()
        slots = Array(repeating: nil, count: table.blocks.count)
    }

    /// Starts gathering what version `step` lacks. Only while no unit is being computed.
    package func begin(_ step: StepIndex) throws {
        let shardCount = try links.shardCount()
        layouts = (0..<shardCount).map {
            ShardLayout(table: table, shard: ShardIdentity(index: $0, count: shardCount))
        }
        (self.step, position) = (step, 0)
        for block in slots.indices {
            slots[block]?.users = 0
            if !isUsable(block) { drop(block) }
        }
        if holdsAll {
            try request(table.blocks.indices.filter { slots[$0] == nil })
        } else {
            try prefetch(direction: 1)
        }
    }

    package func gather(_ block: Int) throws -> BlockWeights {
        try cancellation.check()
        let direction = block < position || block == table.blocks.count - 1 ? -1 : 1
        position = block
        if slots[block] == nil {
            makeRoom(for: block, keeping: block...block)
            try request([block])
        }
        slots[block]?.users += 1
        if !holdsAll { try prefetch(direction: direction) }
        guard let slot = slots[block] else { preconditionFailure("block \(block) went while it was in use") }
        if !slot.fetch.isDone { _ = try meter.measure { try slot.fetch.wait() } }
        return slot.weights
    }

    private var holdsAll: Bool { budget?.holdsAll ?? true }

    /// The block may go when others need its room.
    package func release(_ block: Int) {
        slots[block]?.users -= 1
        if let slot = slots[block], slot.users == 0 { slot.weights.releasePackedWeights() }
    }

    private func isUsable(_ block: Int) -> Bool {
        guard let slot = slots[block], slot.fetch.isDone else { return false }
        return slot.step == step || !table.blocks[block].isTrainable
    }

    /// Asks for the next blocks from the position on, as far as there is room.
    private func prefetch(direction: Int) throws {
        for ahead in 0...Self.blocksAhead {
            let block = position + direction * ahead
            guard slots.indices.contains(block), slots[block] == nil else { continue }
            let window = direction > 0 ? position...block : block...position
            guard makeRoom(for: block, keeping: window) else { return }
            try request([block])
        }
    }

    /// Frees unused blocks, the farthest from the position first: on the way forward those are needed last on the way
    /// back, and on the way back the next unit begins at the other end.
    @discardableResult
    private func makeRoom(for block: Int, keeping window: ClosedRange<Int>) -> Bool {
        guard let budget else { return true }
        while heldBytes + budget.blockBytes[block] > budget.byteCountMax {
            if spares.contains(where: { $0.weights.values.count == table.blocks[block].count }) { return true }
            if spares.popLast() != nil { continue }
            let unused = slots.indices.filter { index in
                !window.contains(index) && slots[index].map { $0.users == 0 && $0.fetch.isDone } ?? false
            }
            guard let farthest = unused.max(by: { abs($0 - position) < abs($1 - position) }) else { return false }
            drop(farthest)
        }
        return true
    }

    private var heldBytes: Int {
        slots.indices.reduce(0) { $0 + (slots[$1] == nil ? 0 : bytes(of: $1)) } + spares.reduce(0) { $0 + $1.bytes }
    }

    private func bytes(of block: Int) -> Int { budget?.blockBytes[block] ?? 4 * table.blocks[block].count }

    /// A block's memory is used again unless a thread may still write to it.
    private func drop(_ block: Int) {
        if let slot = slots[block], slot.fetch.isDone { spares.append((slot.weights, bytes(of: block))) }
        slots[block] = nil
    }

    private func request(_ blocks: [Int]) throws {
        for block in blocks {
            let weights = memory(elements: table.blocks[block].count)
            let fetch = links.open(.gather)
            slots[block] = Slot(fetch: fetch, step: step, weights: weights)
            for layout in layouts where !layout.slices[block].isEmpty {
                fetch.ask(
                    layout.shard.index, .gather(stage: stage, step: step, block: UInt32(block)),
                    payload: .slice(weights.values, layout.slices[block]))
            }
            fetch.close()
        }
        heldBytesPeak = max(heldBytesPeak, heldBytes)
    }

    private func memory(elements: Int) -> BlockWeights {
        guard let index = spares.firstIndex(where: { $0.weights.values.count == elements }) else {
            return BlockWeights(FloatBuffer(count: elements), pool: pool)
        }
        let weights = spares.remove(at: index).weights
        weights.refresh()
        return weights
    }
}
