import MawsBase
import MawsData
import MawsDataFiles
import MawsModel
import MawsPlan
import MawsProtocol
import MawsTraining
import MawsWire

/// Everything one stage's units share in this trainer: the data, the objective, the weights gathered so far.
final class StageSession {
    /// Units whose samples are read ahead of need, where their bytes allow it: more would be read in vain where another
    /// trainer gets them.
    private static let unitsAhead = 2

    private let index: StageIndex
    private let table: BlockTable
    private let pushEncoding: TensorEncoding
    let loader: BatchLoader
    private let worker: any StageWorker
    private let links: ShardLinks
    private let cancellation: Cancellation
    private let meter: WaitMeter
    private let cache: BlockCache
    private let batches: BatchQueue
    private let staging = StagingBuffers()
    private let sum: NeighbourSum
    private let sumLevels: Int
    private var forecast: UnitForecast
    private var skippedReported = 0

    /// - Parameter loader: of an earlier session of the stage; nil: its data is opened.
    init(
        _ index: StageIndex, workers: StageWorkers, loader earlier: BatchLoader?, links: ShardLinks,
        cancellation: Cancellation
    ) throws {
        guard Int(index.value) < workers.plan.stages.count else { throw TrainerError.noSuchStage(index: index.value) }
        let stage = workers.plan.stages[Int(index.value)]
        let loader =
            try earlier
            ?? BatchLoader(
                plan: workers.plan, stage: stage, stageIndex: index.value, root: workers.root, classes: workers.classes)
        self.index = index
        self.loader = loader
        self.links = links
        self.cancellation = cancellation
        let definition = StageDefinitions.of(stage, in: workers.plan, index: index.value)
        table = definition.table
        pushEncoding = workers.plan.wire.push == .fp32Zstd ? .fp32Zstd : .fp32
        let memory = try workers.memory(stage, definition)
        let reuse = try workers.reuse(stage, index, loader: loader)
        worker = try workers.worker(definition, memory: memory, reuse: reuse, loader: loader)
        meter = WaitMeter()
        cache = BlockCache(
            table: table, stage: index, links: links, cancellation: cancellation, meter: meter, budget: memory.weights,
            keepsPackedWeights: memory.keepsPackedWeights)
        (sum, sumLevels) = (NeighbourSum(backend: workers.backend), memory.sumLevels)
        batches = BatchQueue(byteCountMax: workers.batchBytesMax) { key in
            try loader.batch(step: key.step, unit: key.unit, excluded: key.excluded) { reuse?.features($0) }
        }
        forecast = UnitForecast(
            unitsPerStep: loader.unitCount, repeats: stage.trains,
            returns: stage.trains && loader.isRemote)
    }

    deinit { batches.end() }

    /// Computes units that were leased together, one after the other. Gradients of neighbours are added as far as there
    /// is memory for their sums; a unit is done when the shards have the sum that it is in.
    func compute(_ leases: [Lease], isDone: (ComputedUnit) -> Void) throws(FailedUnit) {
        guard let first = leases.first else { return }
        for node in LeaseNodes.cut(leases, levels: worker.pushesGradient(phase: Int(first.phase)) ? sumLevels : 0) {
            var lease = node[node.startIndex]
            let reported = skippedReported
            do {
                let pusher = try self.pusher(node)
                var done: [ComputedUnit] = []
                for index in node.indices {
                    lease = node[index]
                    let gradients = sum.unit(index - node.startIndex, of: node.count, to: pusher)
                    let isLast = index == node.endIndex - 1
                    done.append(
                        try compute(lease, leases[(index + 1)...], to: gradients, pusher, flushes: isLast))
                }
                for index in done.indices {
                    done[index].done.isFinite = pusher.outcome.isFinite
                    done[index].done.level = UInt8(node.count.trailingZeroBitCount)
                    done[index].done.receipt = pusher.outcome.receipt
                }
                done.forEach(isDone)
            } catch {
                // What was skipped in units that are lost with this one is said with the next that is done.
                skippedReported = reported
                throw FailedUnit(lease: lease, error: error)
            }
        }
    }

    private func pusher(_ node: ArraySlice<Lease>) throws -> GradientPusher {
        try GradientPusher(
            node[node.startIndex], level: node.count.trailingZeroBitCount, table: table, encoding: pushEncoding,
            links: links, cancellation: cancellation, meter: meter, staging: staging)
    }

    /// - Parameter following: leases after this one, whose samples are read ahead.
    private func compute(
        _ lease: Lease, _ following: ArraySlice<Lease>, to gradients: any GradientSink, _ pusher: GradientPusher,
        flushes: Bool
    ) throws -> ComputedUnit {
        try cancellation.check()
        let start = Moment.now()
        _ = meter.take()
        let key = BatchKey(lease)
        // Asked for each unit, as it foresees by the units that came.
        let foreseen = forecast.next(Self.unitsAhead, after: key)
        let next = following.isEmpty ? foreseen : following.prefix(Self.unitsAhead).map { BatchKey($0) }
        if worker.needsBatch(UnitPlace(lease)) { batches.want([key] + next) }
        try cache.begin(lease.step)
        let context = UnitContext(
            lease, weights: cache, gradients: gradients, pusher: pusher, links: links, meter: meter
        ) { [self] in
            let batch = try batches.take(key)
            batches.want(next)
            return batch
        }
        let result = try worker.compute(context)
        if flushes { try pusher.flush() }
        return report(lease, result, seconds: Moment.now().seconds(since: start))
    }

    private func report(_ lease: Lease, _ result: UnitResult, seconds: Double) -> ComputedUnit {
        let waits = meter.take()
        let waited = min(waits.all, seconds)
        let skipped = loader.skipped
        defer { skippedReported = skipped.count }
        let done = UnitDone(
            lease: lease.id, stage: lease.stage, step: lease.step, phase: lease.phase, unit: lease.unit,
            loss: result.loss, skipped: skipped.dropFirst(skippedReported).map(\.description), result: result.result,
            computeSeconds: seconds - waited, waitSeconds: waited)
        return ComputedUnit(done: done, dataSeconds: min(waits.data, waited))
    }
}

struct ComputedUnit {
    var done: UnitDone
    /// Seconds that it waited for its samples.
    var dataSeconds: Double
}

/// The unit that could not be computed; of those leased with it, none that comes after it was.
struct FailedUnit: Error {
    var lease: Lease
    var error: any Error
}

extension UnitPlace {
    init(_ lease: Lease) {
        self.init(step: lease.step.value, phase: Int(lease.phase), unit: Int(lease.unit.value))
    }
}

extension BatchKey {
    fileprivate init(_ lease: Lease) {
        self.init(step: lease.step.value, unit: Int(lease.unit.value), excluded: lease.excluded)
    }
}
