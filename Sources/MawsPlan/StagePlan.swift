import MawsBase

public enum StageKind: String, Codable, Hashable, CaseIterable, Sendable {
    case mae
    case wsp
    case lit
    case linear
    case zeroshot

    /// Whether the stage updates weights by steps, rather than evaluating them.
    public var trains: Bool { self == .mae || self == .wsp || self == .lit }
}

public struct StagePlan: Codable, Hashable, Sendable {
    /// Unique in the plan; the kind's name unless `name` says otherwise.
    public var name: String
    public var kind: StageKind
    /// Stage whose final weights this one starts from (`from`, or `image` for lit); nil: from the initializers.
    public var from: String?
    /// Data split it reads (the one evaluated for `linear` and `zeroshot`).
    public var on: String
    /// Split whose frozen features `linear` is fitted on.
    public var fitOn: String?
    /// Samples of a global batch, and of a unit; a batch is a whole number of units. For evaluation only `unit` counts.
    public var batch: Int
    public var unit: Int
    /// Samples of a unit that are computed at a time: a divisor of `unit`, which it is unless the plan says otherwise.
    public var microBatch: Int
    /// Passes over the split, for training stages; or a number of steps that overrides it.
    public var epochs: Double
    public var steps: Int?
    public var recipe: RecipePlan?
    /// MAE only.
    public var decoder: DecoderPlan?
    /// MAE only: share of patches hidden, and whether the target is normalised patch by patch.
    public var maskRatio: Double
    public var normalizesPixels: Bool
    /// WSP only: hashtags in the split's vocabulary file.
    public var labelCount: Int
    /// WSP only: what stands on the class token.
    public var head = HeadKind.mlp
    /// LiT and WSP: share of a target that is spread evenly over all classes.
    public var labelSmoothing: Double
    /// LiT only: fixed views of each image, which take turns from epoch to epoch, so that the frozen tower sees each
    /// once; nil: every epoch draws a new crop and flip.
    public var views: Int?
    /// zeroshot only: files with one prompt template (`{}` stands for the class name) and one class (comma separated
    /// names) a line.
    public var templates: String?
    public var classes: String?
    /// linear only: L2 penalty of the logistic regression on standardised features.
    public var penalty: Double
    /// Training only: steps in a row that may be skipped because their loss or gradient is not finite; 0: the run
    /// stops at the first.
    public var nonFiniteSkips = 0
    /// Evaluations only: what they see of an image. Training stages have one in their recipe.
    public var framing = FramingPlan(shortSide: nil, centerCrop: true, interpolation: .bicubic)

    public init(
        name: String, kind: StageKind, from: String?, on: String, fitOn: String?, batch: Int, unit: Int,
        epochs: Double, steps: Int?, recipe: RecipePlan?, decoder: DecoderPlan?, maskRatio: Double,
        normalizesPixels: Bool, labelCount: Int, labelSmoothing: Double, templates: String?, classes: String?,
        penalty: Double
    ) {
        self.name = name
        self.kind = kind
        self.from = from
        self.on = on
        self.fitOn = fitOn
        self.batch = batch
        self.unit = unit
        microBatch = unit
        self.epochs = epochs
        self.steps = steps
        self.recipe = recipe
        self.decoder = decoder
        self.maskRatio = maskRatio
        self.normalizesPixels = normalizesPixels
        self.labelCount = labelCount
        self.labelSmoothing = labelSmoothing
        self.templates = templates
        self.classes = classes
        self.penalty = penalty
    }

    public var unitsPerStep: Int { batch / unit }

    /// Steps of a training stage over a split of `samples` images: whole global batches only.
    public func stepCount(samples: Int) -> Int { steps ?? max(1, Int(Double(samples) * epochs / Double(batch))) }
}

/// What maps an image's features to labels.
public enum HeadKind: String, Codable, Hashable, CaseIterable, Sendable {
    /// Linear, Tanh, Linear, the first as wide as the tower (paper, Appendix A, as in SWAG).
    case mlp
    /// A single layer, as for ImageNet-21k (paper, Appendix A, Table 13).
    case linear
}

public struct DecoderPlan: Codable, Hashable, Sendable {
    public var width: Int
    public var depth: Int
    public var heads: Int
    /// Images that it computes at a time; nil: those of the stage's micro-batch.
    public var microBatch: Int?

    public init(width: Int, depth: Int, heads: Int, microBatch: Int? = nil) {
        self.width = width
        self.depth = depth
        self.heads = heads
        self.microBatch = microBatch
    }
}

/// How a training stage updates the weights and augments its images; the rows of the paper's Tables 10 to 12.
public struct RecipePlan: Codable, Hashable, Sendable {
    /// Preset it started from, `paper/mae` for instance.
    public var preset: String
    public var schedule: SchedulePlan
    public var optimizer: OptimizerPlan
    public var augment: AugmentPlan

    public init(preset: String, schedule: SchedulePlan, optimizer: OptimizerPlan, augment: AugmentPlan) {
        self.preset = preset
        self.schedule = schedule
        self.optimizer = optimizer
        self.augment = augment
    }
}

/// The learning rate over the steps of a stage.
public struct SchedulePlan: Codable, Hashable, Sendable {
    public enum Shape: String, Codable, Hashable, CaseIterable, Sendable {
        case cosine
        case linear
        case constant
    }

    public var shape: Shape
    public var peak: Double
    /// Share of the steps that rise linearly from 0 to the peak, 0...1.
    public var warmup: Double

    public init(shape: Shape, peak: Double, warmup: Double) {
        self.shape = shape
        self.peak = peak
        self.warmup = warmup
    }
}
