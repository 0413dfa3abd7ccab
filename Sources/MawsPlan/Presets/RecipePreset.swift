/// A named recipe: what a training stage does where its plan says nothing else.
package struct RecipePreset: Hashable, Sendable {
    package var name: String
    package var epochs: Double
    package var batch: Int
    package var recipe: RecipePlan

    /// Those of all kinds of stages: Tables 10 to 13 of the paper's Appendix A.
    package static var all: [RecipePreset] { StageKinds.all.flatMap { $0.recipes } }

    /// The usual recipe of a task that trains. Traps for an evaluation, which has none.
    package static func first(of task: any StageTask.Type) -> RecipePreset {
        guard let preset = task.recipes.first else {
            preconditionFailure("a \(task.kind.rawValue) stage has no recipe")
        }
        return preset
    }

    /// The momentum (0.9, 0.95) is that of He et al., "Masked autoencoders are scalable vision learners", 2022.
    /// - Parameter table: whose augmentations it has.
    init(
        name: String, epochs: Double = 1, batch: Int, shape: SchedulePlan.Shape, peak: Double, warmup: Double,
        weightDecay: Double, clipNorm: Double? = nil, table: Int
    ) {
        self.name = name
        self.epochs = epochs
        self.batch = batch
        self.recipe = RecipePlan(
            preset: name,
            schedule: SchedulePlan(shape: shape, peak: peak, warmup: warmup),
            optimizer: OptimizerPlan(
                beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: weightDecay, clipNorm: clipNorm),
            augment: AugmentPreset.table(table).augment)
    }
}
