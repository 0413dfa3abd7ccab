import MawsBase
import MawsData
import MawsModel
import MawsProtocol
import MawsTraining
import MawsWire

/// What a stage's worker has of the cluster for a unit that was leased.
final class UnitContext: UnitExchange {
    let lease: Lease
    let weights: any WeightSource
    /// Takes the unit's gradients to the shards, with those of its neighbours where they leave together.
    let gradients: any GradientSink
    private let pusher: GradientPusher
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

    /// Bytes of a message that says that a unit is done, beside its result: names of skipped samples above all.
    private static let otherBytes = 8 << 20

    var place: UnitPlace { UnitPlace(lease) }
    var resultBytesMax: Int { MessageKind.unitDone.bodyLimit - Self.otherBytes }

    /// The unit's samples; waits until they are decoded.
    func batch() throws -> UnitBatch { try meter.measureData { try loadBatch() } }

    func shareRows(_ rows: [Float]) throws { try pusher.shareRows(rows) }

    /// The rows of all `units` units of this step, in order.
    func gatherRows(units: Int, floatsMax: Int) throws -> [SharedRows] {
        let shards = try links.shardCount()
        let collection = RowCollection(units: units, floatsMax: floatsMax)
        let task = links.open(.gather)
        for shard in 0..<shards {
            task.ask(shard, .gatherRows(stage: lease.stage, step: lease.step), payload: .rows(collection))
        }
        task.close()
        _ = try meter.measure { try task.wait() }
        return try collection.inOrder(step: lease.step)
    }
}
