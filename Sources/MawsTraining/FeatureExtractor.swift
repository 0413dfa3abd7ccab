import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor

/// The frozen image tower as a function from images to features.
package final class FeatureExtractor {
    private let model: ImageModelPlan
    private let workspace = Workspace()
    private let tower: ImageTower

    package init(_ model: ImageModelPlan, backend: ComputeBackend) {
        self.model = model
        tower = ImageTower(
            model, table: StageModel.imageTower(model), backend: backend, workspace: workspace)
    }

    /// The class token after the last norm, [batch.count × width].
    /// - Parameter weights: of the table of a `linear` stage.
    package func features(_ batch: UnitBatch, weights: any WeightSource) throws -> [Float] {
        try withFeatures(batch[.image].floats, weights: weights) { $0.array }
    }

    /// The same in the extractor's memory, for the time of `body`.
    /// - Parameters:
    ///   - images: (count, channels, size, size).
    ///   - isolated: an image's features depend on no other image.
    func withFeatures<Result>(
        _ images: FloatSlice, isolated: Bool = false, weights: any WeightSource,
        _ body: (FloatSlice) throws -> Result
    ) throws -> Result {
        defer { workspace.releaseAll() }
        let count = images.count / (model.channels * model.size * model.size)
        let features = try tower.forward(
            images, visible: .all(model.patchCount, images: count), output: .classToken, keeps: .nothing,
            isolated: isolated, weights: weights)
        return try body(features)
    }
}
