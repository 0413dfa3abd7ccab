import Yams

/// What a stage does: the part of its plan that is of its kind's own type, and all that a plan knows of the kind.
///
/// A value is coded with its fields beside those that all stages share. Everything outside `Stages` asks a task for
/// facts and never which kind it is.
package protocol StageTask: Codable, Hashable, Sendable {
    static var kind: StageKind { get }
    /// Whether the stage updates weights by steps, rather than evaluating them.
    static var trains: Bool { get }
    /// Whether it learns labels, so that samples of a unit may be mixed with them.
    static var learnsLabels: Bool { get }
    /// Whether it learns captions, so that its data and its model need a tokenizer.
    static var learnsCaptions: Bool { get }
    /// Field of the plan file that names the stage whose weights this one starts from.
    static var sourceField: String { get }
    /// Fields of the plan file besides those of all stages that train, or of all that evaluate.
    static var fields: [String] { get }
    /// What it does where the plan says nothing else; the first is the usual one. None for an evaluation.
    static var recipes: [RecipePreset] { get }
    /// What stands for the task of a stage that cannot be read.
    static var standIn: Self { get }

    /// Reads the task's own fields.
    /// - Parameter stage: with what all stages share; gets the stage that it starts from.
    init(_ reader: StageReader, _ stage: inout StagePlan) throws(PlanError)
    /// The task's own fields as the plan file has them.
    var nodes: [(String, Node?)] { get }
    /// What the stage reads of its data.
    var needs: DataNeeds { get }
    /// The tensors that a unit's batch has, by name.
    func inputs(of stage: StagePlan, in plan: Plan) -> [InputSpecification]
    /// Floating-point operations of a sample, forward and backward, part by part.
    func costParts(of stage: StagePlan, in plan: Plan) -> [StageCost.Part]
    /// The table of whose gradient a unit sends the rows alone that it read; nil: there is none.
    func sparseTable(of stage: StagePlan, in plan: Plan) -> StageCost.SparseTable?
}

extension StageTask {
    package static var learnsLabels: Bool { false }
    package static var learnsCaptions: Bool { false }
    package static var sourceField: String { "from" }
    package static var recipes: [RecipePreset] { [] }

    package func sparseTable(of stage: StagePlan, in plan: Plan) -> StageCost.SparseTable? { nil }
}

/// What a stage reads of its data besides the inputs of its batches.
package struct DataNeeds: Hashable, Sendable {
    /// Split whose samples an evaluation is fitted to; its units come before those of the split evaluated.
    package var trainSplit: String?
    /// What its samples are compared with.
    package var target = TargetSpecification.none
    /// Files with one prompt template (`{}` stands for the class name) and one class (comma separated names) a line.
    package var templates: String?
    package var classNames: String?
    /// Fixed views of each image, which take turns from epoch to epoch; nil: every epoch draws a new crop and flip.
    package var fixedViews: Int?

    package init() {}

    /// Hashtags of the split's vocabulary that it learns; nil: it learns none.
    package var labelCount: Int? { if case .labels(let count) = target { count } else { nil } }
    /// Whether it compares with clean classes.
    package var classes: Bool { target == .classes }
}

extension StagePlan {
    /// The task where it is of this type; nil where it is of another.
    package subscript<Task: StageTask>(_ type: Task.Type) -> Task? {
        get { task as? Task }
        set { if let newValue, task is Task { task = newValue } }
    }
}
