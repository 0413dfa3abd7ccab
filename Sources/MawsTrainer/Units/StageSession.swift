import MawsBase
import MawsData
import MawsModel
import MawsPlan
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
            ?? BatchLoader(plan: workers.plan, stage: stage, stageIndex: index.value, root: workers.root)
        self.index = index
        self.loader = loader
        self.links = links
        self.cancellation = cancellation
        table = StageModel.table(stage, in: workers.plan)
        pushEncoding = workers.plan.wire.push == .fp32Zstd ? .fp32Zstd : .fp32
        let memory = try workers.memory(stage)
        let reuse = try workers.reuse(stage, index, loader: loader)
        worker = try workers.worker(stage, index, memory: memory, reuse: reuse, loader: loader)
        meter = WaitMeter()
        cache = BlockCache(
            table: table, stage: index, links: links, cancellation: cancellation, meter: meter, budget: memory.weights,
            keepsForms: memory.keepsForms)
        batches = BatchQueue(byteCountMax: workers.batchBytesMax) { key in
            try loader.batch(step: key.step, unit: key.unit, passed: key.passed) { reuse?.features($0) }
        }
        forecast = UnitForecast(
            unitsPerStep: loader.unitCount, repeats: stage.kind.trains,
            returns: stage.kind.trains && loader.isRemote)
    }

    deinit { batches.end() }

    /// Gathers, computes and pushes one unit.
    /// - Returns: with the seconds that were spent waiting for its samples.
    func compute(_ lease: Lease) throws -> (done: UnitDone, dataSeconds: Double) {
        let start = Moment.now()
        _ = meter.take()
        let key = BatchKey(step: lease.step.value, unit: Int(lease.unit.value), passed: lease.passed)
        if worker.needsBatch(lease) { batches.want([key] + forecast.next(Self.unitsAhead, after: key)) }
        try cache.begin(lease.step)
        let pusher = try GradientPusher(
            lease, table: table, encoding: pushEncoding, links: links, cancellation: cancellation, meter: meter,
            staging: staging)
        let context = UnitContext(lease, weights: cache, pusher: pusher, links: links, meter: meter) { [self] in
            let batch = try batches.take(key)
            batches.want(forecast.next(Self.unitsAhead, after: key))
            return batch
        }
        let result = try worker.compute(context)
        try pusher.flush()
        return report(lease, result, seconds: Moment.now().seconds(since: start))
    }

    private func report(
        _ lease: Lease, _ result: UnitResult, seconds: Double
    ) -> (done: UnitDone, dataSeconds: Double) {
        let waits = meter.take()
        let waited = min(waits.all, seconds)
        let skipped = loader.skipped
        defer { skippedReported = skipped.count }
        let done = UnitDone(
            lease: lease.id, stage: lease.stage, step: lease.step, phase: lease.phase, unit: lease.unit,
            loss: result.loss, skipped: skipped.dropFirst(skippedReported).map(\.description), result: result.result,
            computeSeconds: seconds - waited, waitSeconds: waited)
        return (done, min(waits.data, waited))
    }
}
