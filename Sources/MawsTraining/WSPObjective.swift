import MawsData
import MawsKernels
import MawsModel
import MawsPlan

/// Weakly supervised pretraining: softmax cross-entropy against the hashtags as a distribution.
public final class WSPObjective: UnitObjective {
    public init(plan: Plan, stage: StagePlan, stageIndex: UInt32, backend: any ComputeBackend) {}

    public func computeUnit(
        _ batch: UnitBatch, globalBatch: Int, weights: any WeightSource, gradients: any GradientSink
    ) throws -> Double { fatalError() }
}
