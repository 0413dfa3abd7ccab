import MawsData
import MawsModel

/// Computes the units of one stage in a trainer.
package protocol StageWorker: AnyObject {
    /// Whether the unit's samples are needed, so that their loading can start at once.
    func needsBatch(_ unit: UnitPlace) -> Bool
    /// Whether units of this phase end in a gradient, which neighbours' may be added to.
    func pushesGradient(phase: Int) -> Bool
    func compute(_ unit: any UnitExchange) throws -> UnitResult
}

extension StageWorker {
    package func pushesGradient(phase: Int) -> Bool { false }
}

/// Which unit of which step, in which phase of it.
package struct UnitPlace: Hashable, Sendable {
    package var step: UInt64
    package var phase: Int
    package var unit: Int

    package init(step: UInt64, phase: Int, unit: Int) { (self.step, self.phase, self.unit) = (step, phase, unit) }
}

/// What a worker has of the cluster for one unit.
package protocol UnitExchange: AnyObject {
    var place: UnitPlace { get }
    var weights: any WeightSource { get }
    /// Takes the unit's gradients to the shards, with those of its neighbours where they leave together.
    var gradients: any GradientSink { get }
    /// Bytes of a result that the coordinator takes.
    var resultBytesMax: Int { get }

    /// The unit's samples; waits until they are decoded.
    func batch() throws -> UnitBatch
    /// Gives rows to all other units of the step.
    func shareRows(_ rows: [Float]) throws
    /// The rows of all `units` units of this step, in order.
    func gatherRows(units: Int, floatsMax: Int) throws -> [SharedRows]
}

/// The rows that one unit gave to all others of its step.
package struct SharedRows: Hashable, Sendable {
    package var unit: UInt32
    package var rows: [Float]

    package init(unit: UInt32, rows: [Float]) { (self.unit, self.rows) = (unit, rows) }
}

/// What came of a unit.
package struct UnitResult {
    /// The unit's share of the step's loss.
    package var loss = 0.0
    /// What an evaluation's unit says, for `StageEvaluation` to read.
    package var result: [UInt8] = []
}
