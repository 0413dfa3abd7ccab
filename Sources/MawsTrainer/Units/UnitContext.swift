import MawsBase
import MawsData
import MawsModel
import MawsWire

/// What a stage's worker gets to compute one unit with.
final class UnitContext {
    let lease: Lease
    let weights: any WeightSource
    /// Takes the unit's gradients to the shards, with those of its neighbours where they leave together.
    let gradients: any GradientSink
    let pusher: GradientPusher
    private let links: ShardLinks
    private let meter: WaitMeter
    private let loadBatch: () throws -> UnitBatch

    init(
        _ lease: Lease, weights: any WeightSource, gradients: any GradientSink, pusher: GradientPusher,
        links: ShardLinks, meter: WaitMeter, loadBatch: @escaping () throws -> UnitBatch
    ) {
        self.gradients = gradients
        self.lease = lease
        self.weights = weights
        self.pusher = pusher
        self.links = links
        self.meter = meter
        self.loadBatch = loadBatch
    }

    var unit: Int { Int(lease.unit.value) }

    /// The unit's samples; waits until they are decoded.
    func batch() throws -> UnitBatch { try meter.measureData { try loadBatch() } }

    /// The posts of all `units` units of this step, in order.
    func collect(units: Int, floatsMax: Int) throws -> [PostedRows] {
        let shards = try links.shardCount()
        let collection = PostCollection(shards: shards)
        for shard in 0..<shards {
            let job = CollectJob(
                stage: lease.stage, step: lease.step, floatsMax: floatsMax, collection: collection)
            try links.gather(shard, job)
        }
        let patience = links.timeouts.connectSeconds + 2 * links.timeouts.answerSeconds
        return try meter.measure {
            try collection.wait(units: units, step: lease.step, patienceSeconds: patience)
        }
    }
}

/// What came of a unit.
struct UnitResult {
    /// The unit's share of the step's loss.
    var loss = 0.0
    /// JSON of an evaluation's result.
    var result: [UInt8] = []
}

/// Computes the units of one kind of stage.
protocol StageWorker: AnyObject {
    /// Whether the unit's samples are needed, so that their loading can start at once.
    func needsBatch(_ lease: Lease) -> Bool
    /// Whether the unit ends in a gradient, which neighbours' may be added to.
    func pushesGradient(_ lease: Lease) -> Bool
    func compute(_ context: UnitContext) throws -> UnitResult
}

extension StageWorker {
    func pushesGradient(_ lease: Lease) -> Bool { false }
}
