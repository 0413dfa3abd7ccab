import MawsData
import MawsKernels
import MawsModel
import MawsPlan

/// The frozen image tower as a function from images to features.
public final class FeatureExtractor {
    public init(plan: Plan, stage: StagePlan, stageIndex: UInt32, backend: any ComputeBackend) {}

    /// The class token after the last norm, [batch.count × width].
    public func features(_ batch: UnitBatch, weights: any WeightSource) throws -> [Float] { fatalError() }
}
