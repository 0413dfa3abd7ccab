import MawsBase

/// One stage of a plan: what stages of all kinds have, and the task, which is of its kind's own type.
package struct StagePlan: Hashable, Sendable {
    /// Unique in the plan; the kind's name unless `name` says otherwise.
    package var name: String
    private var ownTask: AnyTask
    /// Stage whose final weights this one starts from; nil: from the initializers.
    package var from: String?
    /// Which of that stage's weights; nil: the last.
    package var weights: SourceWeights?
    /// Data split that it reads, or evaluates.
    package var on: String
    /// Samples of a global batch, and of a unit; a batch is a whole number of units. For evaluation only `unit` counts.
    package var batch: Int
    package var unit: Int
    /// Samples of a unit that are computed at a time: a divisor of `unit`, which it is unless the plan says otherwise.
    package var microBatch: Int
    /// Side of its images in pixels; nil: the model's.
    package var imageSize: Int?
    /// Passes over the split, for training stages; or a number of steps that overrides it.
    package var epochs: Double
    package var steps: Int?
    /// How a stage that trains updates its weights and augments its images; nil: it evaluates.
    package var recipe: RecipePlan?
    /// Training only: steps in a row that may be skipped because their loss or gradient is not finite; 0: the run
    /// stops at the first.
    package var nonFiniteSkips = 0
    /// Evaluations only: what they see of an image. Training stages have one in their recipe.
    package var evalCrop = ResizePlan(shortSide: nil, centerCrop: true, interpolation: .bicubic)

    package init(
        name: String? = nil, task: any StageTask, on: String, batch: Int, unit: Int, epochs: Double = 0,
        steps: Int? = nil, recipe: RecipePlan? = nil
    ) {
        self.name = name ?? type(of: task).kind.rawValue
        ownTask = AnyTask(task)
        self.on = on
        self.batch = batch
        self.unit = unit
        microBatch = unit
        self.epochs = epochs
        self.steps = steps
        self.recipe = recipe
    }

    /// What the stage does.
    package var task: any StageTask {
        get { ownTask.task }
        set { ownTask = AnyTask(newValue) }
    }

    /// The name of its kind, for people and records.
    package var kind: StageKind { type(of: task).kind }
    /// Whether the stage updates weights by steps, rather than evaluating them.
    package var trains: Bool { type(of: task).trains }
    package var needs: DataNeeds { task.needs }
    /// Splits whose samples it reads, in the order of its units.
    package var splits: [String] { [needs.trainSplit, on].compactMap(\.self) }
    package var unitsPerStep: Int { batch / unit }

    /// Steps of a training stage over a split of `samples` images: whole global batches only.
    package func stepCount(samples: Int) -> Int { steps ?? max(1, Int(Double(samples) * epochs / Double(batch))) }

    /// The image tower as the stage has it.
    package func image(in plan: Plan) -> ImageModelPlan { image(plan.model.image) }

    package func image(_ model: ImageModelPlan) -> ImageModelPlan {
        var image = model
        image.size = imageSize ?? model.size
        return image
    }
}

/// What a stage takes over of the one that it starts from.
package enum SourceWeights: String, Codable, Hashable, CaseIterable, Sendable {
    /// The weights after its last step.
    case last
    /// Their moving average; frozen weights have none, and are taken as they are.
    case ema
}

/// A task of any type, as something that can be compared.
private struct AnyTask: Hashable, Sendable {
    let task: any StageTask

    init(_ task: any StageTask) { self.task = task }

    static func == (one: AnyTask, other: AnyTask) -> Bool { AnyHashable(one.task) == AnyHashable(other.task) }

    func hash(into hasher: inout Hasher) { AnyHashable(task).hash(into: &hasher) }
}

/// How a training stage updates the weights and augments its images; the rows of the paper's Tables 10 to 12.
package struct RecipePlan: Codable, Hashable, Sendable {
    /// Preset it started from, `paper/mae` for instance.
    package var preset: String
    package var schedule: SchedulePlan
    package var optimizer: OptimizerPlan
    package var augment: AugmentPlan

    package init(preset: String, schedule: SchedulePlan, optimizer: OptimizerPlan, augment: AugmentPlan) {
        self.preset = preset
        self.schedule = schedule
        self.optimizer = optimizer
        self.augment = augment
    }
}

/// The learning rate over the steps of a stage.
package struct SchedulePlan: Codable, Hashable, Sendable {
    package enum Shape: String, Codable, Hashable, CaseIterable, Sendable {
        case cosine
        case linear
        case constant
    }

    package var shape: Shape
    package var peak: Double
    /// Share of the steps that rise linearly from 0 to the peak, 0...1.
    package var warmup: Double

    package init(shape: Shape, peak: Double, warmup: Double) {
        self.shape = shape
        self.peak = peak
        self.warmup = warmup
    }
}
