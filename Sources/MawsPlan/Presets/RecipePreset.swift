/// A named recipe: what a training stage does where its plan says nothing else.
public struct RecipePreset: Hashable, Sendable {
    public var name: String
    /// The kind of stage it is for.
    public var kind: StageKind
    public var epochs: Double
    public var batch: Int
    public var recipe: RecipePlan

    /// Tables 10 (MAE), 11 (WSP) and 12 (LiT) of the paper's Appendix A.
    public static let all: [RecipePreset] = [
        RecipePreset(
            name: "paper/mae", kind: .mae, batch: 4096, shape: .cosine, peak: 2.4e-3, warmup: 0.05, weightDecay: 0.05,
            smallestCrop: 0.2),
        RecipePreset(
            name: "paper/wsp", kind: .wsp, batch: 8192, shape: .linear, peak: 4e-4, warmup: 0.05, weightDecay: 0.1,
            smallestCrop: 0.08),
        RecipePreset(
            name: "paper/lit", kind: .lit, batch: 32768, shape: .cosine, peak: 2e-4, warmup: 0.04, weightDecay: 0.1,
            smallestCrop: 0.9),
    ]

    public static func named(_ name: String) -> RecipePreset? { all.first { $0.name == name } }

    /// The paper's recipe of a training stage. Traps for an evaluation, which has none.
    public static func paper(_ kind: StageKind) -> RecipePreset {
        guard let preset = all.first(where: { $0.kind == kind }) else {
            preconditionFailure("a \(kind.rawValue) stage has no recipe")
        }
        return preset
    }

    /// What the three tables have in common: one epoch, AdamW without clipping, crops of ratio 0.75 to 1.33, flips.
    /// The momentum (0.9, 0.95) is that of He et al., "Masked autoencoders are scalable vision learners", 2022.
    private init(
        name: String, kind: StageKind, batch: Int, shape: SchedulePlan.Shape, peak: Double, warmup: Double,
        weightDecay: Double, smallestCrop: Double
    ) {
        self.name = name
        self.kind = kind
        self.epochs = 1
        self.batch = batch
        self.recipe = RecipePlan(
            preset: name,
            schedule: SchedulePlan(shape: shape, peak: peak, warmup: warmup),
            optimizer: OptimizerPlan(
                beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: weightDecay, clipNorm: nil),
            augment: AugmentPlan(crop: CropPlan(scale: [smallestCrop, 1], ratio: [0.75, 1.33]), flip: true))
    }
}
