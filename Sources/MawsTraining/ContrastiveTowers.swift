import MawsBase
import MawsKernels
import MawsModel
import MawsPlan

/// An image tower and a text tower with their projections to one space, and where the projections' blocks stand.
struct ContrastiveTowers {
    let image: FeatureExtractor
    let text: TextTower
    let imageHead: ProjectionHead
    let textHead: ProjectionHead
    /// Blocks of the table.
    let imageProjection: Int
    let textProjection: Int

    init(_ stage: StagePlan, _ text: TextModelPlan, in plan: Plan, table: BlockTable, backend: ComputeBackend) {
        // The image tower's blocks come first in the table, with the offsets they have by themselves.
        image = FeatureExtractor(stage.image(in: plan), backend: backend)
        self.text = TextTower(text, table: table, backend: backend)
        imageHead = ProjectionHead(inputs: stage.image(in: plan).width, outputs: text.embedding, backend: backend)
        textHead = ProjectionHead(inputs: text.width, outputs: text.embedding, backend: backend)
        imageProjection = table.requiredIndex("image.projection")
        textProjection = table.requiredIndex("text.projection")
    }
}
