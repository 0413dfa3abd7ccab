import MawsBase
import MawsKernels
import MawsModel
import MawsTensor

/// The weights of one stage, gathered from the shards a version at a time.
///
/// `begin` asks every shard for every block that is not here, in forward order; the shards' threads fill the blocks
/// while the trainer computes on the first ones. Blocks of a version stay until the next version, frozen ones for the
/// stage.
public final class BlockCache: WeightSource {
    private let table: BlockTable
    private let stage: StageIndex
    private let links: ShardLinks
    private let cancellation: Cancellation
    private let meter: WaitMeter
    private var fetches: [BlockFetch?]
    private var weights: [BlockWeights?]
    /// When a slice arrived last, from whichever shard.
    private let lastArrival = Monitor(Moment.now())

    public init(
        table: BlockTable, stage: StageIndex, links: ShardLinks, cancellation: Cancellation, meter: WaitMeter
    ) {
        self.table = table
        self.stage = stage
        self.links = links
        self.cancellation = cancellation
        self.meter = meter
        fetches = Array(repeating: nil, count: table.blocks.count)
        weights = Array(repeating: nil, count: table.blocks.count)
    }

    /// Starts gathering what version `step` lacks. Only while no unit is being computed.
    public func begin(_ step: StepIndex) throws {
        let shardCount = try links.shardCount()
        let layouts = (0..<shardCount).map {
            ShardLayout(table: table, shard: ShardIdentity(index: $0, count: shardCount))
        }
        var fresh: [BlockFetch] = []
        for block in table.blocks.indices where !isUsable(block, step) {
            let slices = layouts.count { !$0.slices[block].isEmpty }
            let fetch = BlockFetch(block: block, step: step, buffer: buffer(block), slices: slices)
            fetches[block] = fetch
            if weights[block]?.values === fetch.buffer {
                weights[block]?.refresh()
            } else {
                weights[block] = BlockWeights(fetch.buffer)
            }
            fresh.append(fetch)
        }
        lastArrival.with { $0 = Moment.now() }
        for layout in layouts { try request(fresh, step, layout) }
    }

    public func gather(_ block: Int) throws -> BlockWeights {
        guard let fetch = fetches[block], let weights = weights[block] else {
            preconditionFailure("block \(block) gathered before begin")
        }
        try cancellation.check()
        if fetch.isComplete { return weights }
        return try meter.measure {
            while try !fetch.wait(seconds: 0.5) { try checkProgress(fetch) }
            return weights
        }
    }

    /// All blocks of a version are kept for its other units, so there is nothing to free.
    public func release(_ block: Int) {}

    private func isUsable(_ block: Int, _ step: StepIndex) -> Bool {
        guard let fetch = fetches[block], fetch.isComplete else { return false }
        return fetch.step == step || !table.blocks[block].isTrainable
    }

    /// The old version's memory where no thread can still write to it, new memory otherwise.
    private func buffer(_ block: Int) -> FloatBuffer {
        if let fetch = fetches[block], fetch.isComplete { return fetch.buffer }
        return FloatBuffer(count: table.blocks[block].count)
    }

    private func request(_ fresh: [BlockFetch], _ step: StepIndex, _ layout: ShardLayout) throws {
        let items = fresh.compactMap { fetch in
            let slice = layout.slices[fetch.block]
            return slice.isEmpty ? nil : GatherJob.Item(fetch: fetch, slice: slice)
        }
        guard !items.isEmpty else { return }
        let job = GatherJob(stage: stage, step: step, items: items) { [lastArrival] in
            lastArrival.with { $0 = Moment.now() }
        }
        try links.gather(layout.shard.index, job)
    }

    /// The shards' threads have deadlines of their own; this one holds even if one of them is stuck.
    private func checkProgress(_ fetch: BlockFetch) throws {
        let limit = links.timeouts.connectSeconds + links.timeouts.answerSeconds
        guard Moment.now().seconds(since: lastArrival.with { $0 }) > limit else { return }
        throw TrainerError.silent(
            what: "block \(table.blocks[fetch.block].name) of version \(fetch.step.value)", seconds: limit)
    }
}
