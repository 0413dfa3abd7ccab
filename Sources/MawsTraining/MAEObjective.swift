import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor

/// Images before, under and after a masked autoencoder, pixels in 0...1, each (count, channels, size, size).
public struct MAEReconstruction: Sendable {
    public var count: Int
    public var channels: Int
    public var size: Int
    public var original: [Float]
    /// Hidden patches are mid-grey, 0.5.
    public var masked: [Float]
    /// Predicted patches where hidden, the original elsewhere.
    public var reconstructed: [Float]
}

/// Masked autoencoding (He et al., 2022): reconstruct the hidden patches of an image from the visible ones.
public final class MAEObjective: UnitObjective {
    public init(plan: Plan, stage: StagePlan, stageIndex: UInt32, backend: any ComputeBackend) {}

    public func computeUnit(
        _ batch: UnitBatch, globalBatch: Int, weights: any WeightSource, gradients: any GradientSink
    ) throws -> Double { fatalError() }

    public func reconstruct(_ batch: UnitBatch, weights: any WeightSource) throws -> MAEReconstruction { fatalError() }
}
