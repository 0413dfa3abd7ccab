import MawsBase
import MawsData
import MawsKernels
import MawsModel
import MawsPlan

/// All that computing, coordinating and measuring a stage need of its kind, for one stage of a plan.
///
/// A kind has one type of definition; `StageDefinitions` finds it. Nothing outside `Stages` asks which kind it is.
package protocol StageDefinition: Sendable {
    associatedtype Task: StageTask

    init(_ place: StagePlace, _ task: Task)
    var place: StagePlace { get }

    /// Every block of parameters that the stage gathers, in forward order; all frozen where the stage does not train.
    var blocks: [ParameterBlock] { get }
    /// What is done with the units of a step, or of the evaluation, one phase after another.
    var phases: [StagePhase] { get }
    /// Stacks of blocks that are alike: what takes long is measured with few of them.
    var towers: [StageTower] { get }
    /// The stage with units of so many samples, which go through in one part where they can.
    func sized(samples: Int) -> StagePlan

    /// Computes units, in a trainer.
    func worker(_ tools: StageTools) throws -> any StageWorker
    /// Computes units of numbers that mean nothing, to be timed.
    func trial(_ setting: TrialSetting) -> any UnitTrial
    /// Goes through a unit where nothing is multiplied, for the memory that it takes. Returns the bytes that stay of it
    /// between phases.
    func rehearse(_ batch: UnitBatch, _ backend: ComputeBackend, _ keeps: KeptActivations, _ weights: BlockMemory)
        throws -> Int
    /// What a trainer holds of other units than the one that it computes.
    var bytesOfOtherUnits: Int { get }
    /// Bytes that computing what a report shows of the finished stage takes, in the process that makes the report.
    func reportBytes() throws -> Int

    /// Why the run cannot go on after a first step with this loss; nil: it can.
    func fault(firstLoss: Double) -> String?
    /// Gathers what the units of an evaluation return; nil where the stage trains.
    func evaluation(classNames: [String]) -> (any StageEvaluation)?
}

extension StageDefinition {
    package var towers: [StageTower] { [.image(in: place.plan)] }
    package var bytesOfOtherUnits: Int { 0 }

    package func sized(samples: Int) -> StagePlan { place.stage.resized(samples: samples) }
    package func reportBytes() throws -> Int { 0 }
    package func fault(firstLoss: Double) -> String? { nil }
    package func evaluation(classNames: [String]) -> (any StageEvaluation)? { nil }

    package var stage: StagePlan { place.stage }
    /// The image tower as the stage has it.
    package var image: ImageModelPlan { place.stage.image(in: place.plan) }
    /// The text tower, which a stage that has one is never without.
    var text: TextModelPlan {
        guard let text = place.plan.model.text else { preconditionFailure("stage \(stage.name) has no text model") }
        return text
    }
    package var table: BlockTable {
        BlockTable(blocks: blocks, slots: stage.recipe?.optimizer.slots ?? [])
    }

    /// Nil where the stage is of another kind.
    fileprivate static func of(_ place: StagePlace) -> (any StageDefinition)? {
        place.stage[Task.self].map { Self(place, $0) }
    }
}

/// Where a stage stands: its plan, and its number in that.
package struct StagePlace: Sendable {
    package let plan: Plan
    package let stage: StagePlan
    package let index: UInt32

    package init(plan: Plan, stage: StagePlan, index: UInt32 = 0) {
        (self.plan, self.stage, self.index) = (plan, stage, index)
    }
}

/// The definitions of all kinds of stages.
package enum StageDefinitions {
    package static let all: [any StageDefinition.Type] = [
        MAEStage.self, WSPStage.self, LiTStage.self, LinearStage.self, ZeroShotStage.self,
    ]

    package static func of(_ stage: StagePlan, in plan: Plan, index: UInt32 = 0) -> any StageDefinition {
        let place = StagePlace(plan: plan, stage: stage, index: index)
        for type in all { if let definition = type.of(place) { return definition } }
        preconditionFailure("no kind of stage is defined for \(stage.kind.rawValue)")
    }
}

/// What is done with units before anything else of the step is.
package struct StagePhase: Hashable, Sendable {
    package enum Units: Sendable {
        /// Every unit of the step, or of all splits that an evaluation reads.
        case each
        /// One unit, which sees what the others shared.
        case one
    }

    package var units: Units
    /// What a person reads while it is done: its name, which stands before a count of units where it has each.
    package var title: String
    /// fp32 numbers that a unit shares of each of its samples, for all others to gather in the next phase.
    package var postedFloatsPerSample: Int

    package init(_ units: Units = .each, title: String = "units", postedFloatsPerSample: Int = 0) {
        (self.units, self.title, self.postedFloatsPerSample) = (units, title, postedFloatsPerSample)
    }
}

extension [StagePhase] {
    /// The last phase that has every unit: a sample is done when it is.
    package var lastOfEach: Int { lastIndex { $0.units == .each } ?? 0 }
    /// Phases at whose end units wait for each other.
    package var countOfEach: Int { count { $0.units == .each } }
    /// fp32 numbers that are shared of a sample in all phases.
    package var postedFloatsPerSample: Int { reduce(0) { $0 + $1.postedFloatsPerSample } }
}

/// A stack of blocks of one shape, whose depth is a number in the plan.
package struct StageTower: Sendable {
    package let depth: Int
    /// The plan and the stage with another depth.
    package let setting: @Sendable (_ depth: Int, Plan, StagePlan) -> (Plan, StagePlan)

    package init(depth: Int, setting: @escaping @Sendable (Int, Plan, StagePlan) -> (Plan, StagePlan)) {
        (self.depth, self.setting) = (depth, setting)
    }

    static func image(in plan: Plan) -> StageTower {
        StageTower(depth: plan.model.image.depth) { depth, plan, stage in
            var plan = plan
            plan.model.image.depth = depth
            return (plan, stage)
        }
    }
}

extension StagePlan {
    /// With units of so many samples, in micro-batches as they are where those still divide a unit.
    func resized(samples: Int) -> StagePlan {
        var part = self
        (part.unit, part.microBatch) = (samples, min(microBatch, samples))
        if part.unit % part.microBatch != 0 { part.microBatch = samples }
        if !trains { (part.batch, part.microBatch) = (samples, samples) }
        return part
    }
}
