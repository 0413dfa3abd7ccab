import MawsData
import MawsKernels
import MawsModel

/// A unit computed in parts of a size that the plan fixes: their gradients are added up in order, and the unit's leaves
/// as one. The activations are those of a part; one gradient of the whole model is here instead.
package final class MicroBatches: UnitObjective {
    private let objective: any UnitObjective
    private let size: Int
    private let sum: GradientSum

    package init(of objective: any UnitObjective, size: Int, backend: ComputeBackend) {
        (self.objective, self.size) = (objective, size)
        sum = GradientSum(backend: backend)
    }

    package func computeUnit(
        _ batch: UnitBatch, globalBatch: Int, weights: any WeightSource, gradients: any GradientSink
    ) throws -> Double {
        let ranges = batch.ranges(of: size)
        var loss = 0.0
        for (index, range) in ranges.enumerated() {
            loss += try objective.computeUnit(
                batch.part(range), globalBatch: globalBatch, weights: weights,
                gradients: sum.part(index, of: ranges.count, to: gradients))
        }
        return loss
    }
}
