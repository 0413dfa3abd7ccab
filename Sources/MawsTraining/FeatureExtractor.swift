import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor

/// The frozen image tower as a function from images to features.
public final class FeatureExtractor {
    private let model: ImageModelPlan
    private let workspace = Workspace()
    private let tower: ImageTower

    public init(plan: Plan, stage: StagePlan, stageIndex: UInt32, backend: any ComputeBackend) {
        model = plan.model.image
        tower = ImageTower(
            model, table: StageModel.imageTower(model), backend: backend, workspace: workspace)
    }

    /// The class token after the last norm, [batch.count × width].
    /// - Parameter weights: of the table of a `linear` stage.
    public func features(_ batch: UnitBatch, weights: any WeightSource) throws -> [Float] {
        defer { workspace.releaseAll() }
        let features = try tower.forward(
            batch.images.all, visible: .all(model.patchCount, images: batch.count), output: .classToken, keeps: false,
            weights: weights)
        return features.array
    }
}
