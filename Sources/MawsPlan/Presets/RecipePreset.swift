/// A named recipe: what a training stage does where its plan says nothing else.
public struct RecipePreset: Hashable, Sendable {
    public var name: String
    /// The kind of stage it is for.
    public var kind: StageKind
    public var epochs: Double
    public var batch: Int
    public var recipe: RecipePlan
    /// The head of a WSP stage.
    public var head: HeadKind

    /// Tables 10 (MAE), 11 (WSP), 12 (LiT) and 13 (WSP on ImageNet-21k) of the paper's Appendix A.
    public static let all: [RecipePreset] = [
        RecipePreset(
            name: "paper/mae", kind: .mae, batch: 4096, shape: .cosine, peak: 2.4e-3, warmup: 0.05, weightDecay: 0.05,
            table: 10),
        RecipePreset(
            name: "paper/wsp", kind: .wsp, batch: 8192, shape: .linear, peak: 4e-4, warmup: 0.05, weightDecay: 0.1,
            table: 11),
        RecipePreset(
            name: "paper/lit", kind: .lit, batch: 32768, shape: .cosine, peak: 2e-4, warmup: 0.04, weightDecay: 0.1,
            table: 12),
        RecipePreset(
            name: "paper/wsp-in21k", kind: .wsp, epochs: 90, batch: 4096, shape: .cosine, peak: 1e-3, warmup: 0.033,
            weightDecay: 0.1, clipNorm: 1, head: .linear, table: 13),
    ]

    public static func named(_ name: String) -> RecipePreset? { all.first { $0.name == name } }

    /// The paper's first recipe of a training stage. Traps for an evaluation, which has none.
    public static func paper(_ kind: StageKind) -> RecipePreset {
        guard let preset = all.first(where: { $0.kind == kind }) else {
            preconditionFailure("a \(kind.rawValue) stage has no recipe")
        }
        return preset
    }

    /// The momentum (0.9, 0.95) is that of He et al., "Masked autoencoders are scalable vision learners", 2022.
    /// - Parameter table: whose augmentations it has.
    private init(
        name: String, kind: StageKind, epochs: Double = 1, batch: Int, shape: SchedulePlan.Shape, peak: Double,
        warmup: Double, weightDecay: Double, clipNorm: Double? = nil, head: HeadKind = .mlp, table: Int
    ) {
        self.name = name
        self.kind = kind
        self.epochs = epochs
        self.batch = batch
        self.head = head
        self.recipe = RecipePlan(
            preset: name,
            schedule: SchedulePlan(shape: shape, peak: peak, warmup: warmup),
            optimizer: OptimizerPlan(
                beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: weightDecay, clipNorm: clipNorm),
            augment: AugmentPreset.table(table).augment)
    }
}
