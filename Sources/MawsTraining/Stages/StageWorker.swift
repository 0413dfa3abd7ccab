import MawsBase
import MawsData
import MawsKernels
import MawsModel

/// Computes the units of one stage in a trainer.
package protocol StageWorker: AnyObject {
    /// Whether the unit's samples are needed, so that their loading can start at once.
    func needsBatch(_ unit: UnitPlace) -> Bool
    /// Whether units of this phase end in a gradient, which neighbours' may be added to.
    func pushesGradient(phase: Int) -> Bool
    func compute(_ unit: any UnitExchange) throws -> UnitResult
}

extension StageWorker {
    package func pushesGradient(phase: Int) -> Bool { false }
}

/// Which unit of which step, in which phase of it.
package struct UnitPlace: Hashable, Sendable {
    package var step: UInt64
    package var phase: Int
    package var unit: Int

    package init(step: UInt64, phase: Int, unit: Int) { (self.step, self.phase, self.unit) = (step, phase, unit) }
}

/// What a worker has of the cluster for one unit.
package protocol UnitExchange: AnyObject {
    var place: UnitPlace { get }
    var weights: any WeightSource { get }
    /// Takes the unit's gradients to the shards, with those of its neighbours where they leave together.
    var gradients: any GradientSink { get }
    /// Bytes of a result that the coordinator takes.
    var resultBytesMax: Int { get }

    /// The unit's samples; waits until they are decoded.
    func batch() throws -> UnitBatch
    /// Gives rows to all other units of the step.
    func post(_ rows: [Float]) throws
    /// The posts of all `units` units of this step, in order.
    func collect(units: Int, floatsMax: Int) throws -> [PostedRows]
}

/// The rows that one unit gave to all others of its step.
package struct PostedRows: Hashable, Sendable {
    package var unit: UInt32
    package var rows: [Float]

    package init(unit: UInt32, rows: [Float]) { (self.unit, self.rows) = (unit, rows) }
}

/// What came of a unit.
package struct UnitResult {
    /// The unit's share of the step's loss.
    package var loss = 0.0
    /// What an evaluation's unit says, for `StageEvaluation` to read.
    package var result: [UInt8] = []
}

/// What a worker is made of besides its stage.
package struct StageTools {
    package var backend: ComputeBackend
    package var memory: MemoryChoice
    /// Units of a step or of an evaluation, and samples of the split that the stage is `on`.
    package var unitCount: Int
    package var sampleCount: Int
    /// Names of the plan's classes.
    package var classNames: [String]
    /// Folder that the plan's paths are relative to.
    package var root: String
    /// Features of fixed views; nil where views are not fixed.
    package var features: (any FeatureStore)?

    package init(
        backend: ComputeBackend, memory: MemoryChoice, unitCount: Int, sampleCount: Int, classNames: [String],
        root: String, features: (any FeatureStore)? = nil
    ) {
        (self.backend, self.memory) = (backend, memory)
        (self.unitCount, self.sampleCount) = (unitCount, sampleCount)
        (self.classNames, self.root, self.features) = (classNames, root, features)
    }
}

/// Keeps the frozen tower's features of fixed views, from epoch to epoch.
package protocol FeatureStore: Sendable {
    /// Makes ready for features of these weights; the frozen blocks of the table say which.
    func open(_ table: BlockTable, _ weights: any WeightSource) throws
    func put(_ views: [UInt64], _ features: [[Float]])
}

/// What is wrong with a stage when its units are computed, each as one sentence for a person.
package enum StageError: Error, Hashable, CustomStringConvertible {
    case malformedPost(unit: UInt32, floats: Int, rowWidth: Int)
    case malformedNumber(unit: UInt32, value: String)
    case featuresNotFinite(stage: String, split: String, count: Int, samples: Int, first: Int)
    case noFit(stage: String, split: String)
    case noTextModel(stage: String)
    case noTokenizer(stage: String)
    case nothingToFit(stage: String, samples: Int)
    case nothingScored(stage: String, samples: Int)

    package var description: String {
        switch self {
        case .malformedPost(let unit, let floats, let width):
            "the post of unit \(unit) has \(floats) values, not a whole number of rows of \(width)"
        case .malformedNumber(let unit, let value):
            "the post of unit \(unit) has \(value) where a class or the number of a sample is due"
        case .featuresNotFinite(let stage, let split, let count, let samples, let first):
            "stage \(stage) cannot be fitted: the features of \(count) of \(samples) samples of split \(split) are not "
                + "finite (the first is sample \(first)); the weights that it starts from are no use"
        case .noFit(let stage, let split):
            "stage \(stage) cannot be fitted: the objective over split \(split) is not finite"
        case .noTextModel(let stage): "stage \(stage) needs a text model, and the plan has none under model.text"
        case .noTokenizer(let stage): "stage \(stage) needs a tokenizer, and no split of the plan names one"
        case .nothingToFit(let stage, let samples):
            "stage \(stage) has nothing to fit: none of the \(samples) samples it is fitted on has a class"
        case .nothingScored(let stage, let samples):
            "stage \(stage) has nothing to score: none of its \(samples) samples has a class; give them class folders, "
                + "a column `class` or .cls members"
        }
    }
}
