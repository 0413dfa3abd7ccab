/// Reads one stage: its fields, its defaults and what it needs from splits, models and earlier stages.
package struct StageReader {
    let list: StageListReader
    let task: any StageTask.Type
    private let heading: StageHeading
    let name: String
    let earlier: [StagePlan]
    /// Names of this stage and those after it.
    let later: [String]

    static let countMax = Int(UInt32.max)
    private static let epochsMax = 1_000_000.0
    private static let skipsMax = 1000
    private static let unitTraining = 32
    private static let unitEvaluation = 256

    init(list: StageListReader, heading: StageHeading, name: String, earlier: [StagePlan], later: [String]) {
        self.list = list
        task = heading.task
        self.name = name
        self.earlier = earlier
        self.later = later
        self.heading = heading
    }

    /// The fields, less those with faults that are known already.
    var map: PlanMap { heading.map.renamed("stages.\(name)") }

    /// What stands for a stage that cannot be read, for those that start from it.
    var standIn: StagePlan {
        StagePlan(name: name, task: task.standIn, on: "", batch: 1, unit: 1, epochs: 1)
    }

    func stage() throws(PlanError) -> StagePlan {
        try StageFields.check(map, task: task)
        var stage = StagePlan(
            name: name, task: task.standIn, on: try split("on", default: task.trains ? "train" : "test").plan.name,
            batch: 0, unit: 0)
        stage.imageSize = try imageSize()
        if task.trains { try readTraining(&stage) } else { try readEvaluation(&stage) }
        stage.task = try task.init(self, &stage)
        stage.weights = try sourceWeights(from: stage.from)
        return stage
    }

    /// The image tower as the stage has it.
    func image(of stage: StagePlan) -> ImageModelPlan { stage.image(list.image) }

    private func imageSize() throws(PlanError) -> Int? {
        guard let size = try map["image_size"]?.integer(1...ImageModelPlan.sizeMax) else { return nil }
        guard size % list.image.patch == 0 else {
            throw .conflict(
                map.place(of: "image_size"),
                problem: "\(size) is not a multiple of the model's `patch`, which is \(list.image.patch)")
        }
        return size
    }

    // MARK: What kinds have in common

    private func readTraining(_ stage: inout StagePlan) throws(PlanError) {
        let preset = try recipePreset()
        stage.recipe = try RecipeReader(map: map, size: image(of: stage).size).recipe(preset)
        stage.epochs = try map.number("epochs", "a number above 0 and up to 1000000", default: preset.epochs) {
            0 < $0 && $0 <= Self.epochsMax
        }
        stage.steps = try map["steps"]?.integer(1...Self.countMax)
        // Plans that older versions resolved have both.
        if let node = map["steps"], let epochs = map["epochs"], list.files.root != nil {
            throw .conflict(
                node.place,
                problem:
                    "`steps: \(node.scalar ?? "")` and `epochs: \(epochs.scalar ?? "")` both say how long the stage "
                    + "is; leave one of them out")
        }
        stage.batch = try map.integer("batch", 1...Self.countMax, default: preset.batch)
        stage.unit = try map.integer("unit", 1...Self.countMax, default: Self.unitTraining)
        stage.microBatch = try microBatch(of: stage.unit)
        stage.nonFiniteSkips = try map.integer("skip_nonfinite", 0...Self.skipsMax, default: 0)
        guard stage.batch % stage.unit == 0 else {
            throw .conflict(
                map["batch"]?.place ?? map.place(of: "unit"),
                problem: "a batch of \(stage.batch) is not a whole number of units of \(stage.unit) (`unit`)")
        }
        try checkMixing(stage)
    }

    /// Mixing is of labels as well as of pixels, within a unit.
    private func checkMixing(_ stage: StagePlan) throws(PlanError) {
        guard stage.recipe?.augment.mixes == true else { return }
        guard task.learnsLabels else {
            throw .conflict(
                map.place(of: "augment"),
                problem:
                    "`mixup` and `cutmix` mix labels, which a \(task.kind.rawValue) stage does not learn from; set "
                    + "them to `none`")
        }
        guard stage.unit > 1 else {
            throw .conflict(
                map.place(of: "augment"),
                problem: "`mixup` and `cutmix` mix the samples of a unit, and `unit` is 1; it must be at least 2")
        }
    }

    private func readEvaluation(_ stage: inout StagePlan) throws(PlanError) {
        stage.unit = try map.integer("unit", 1...Self.countMax, default: Self.unitEvaluation)
        (stage.batch, stage.microBatch) = (stage.unit, stage.unit)
        if let node = map["eval_crop"] {
            stage.evalCrop = try AugmentReader(size: image(of: stage).size).evalCrop(node, stage.evalCrop)
        }
    }

    private func microBatch(of unit: Int) throws(PlanError) -> Int {
        let size = try map.integer("micro_batch", 1...Self.countMax, default: unit)
        guard unit % size == 0 else {
            throw .conflict(
                map.place(of: "micro_batch"),
                problem: "a unit of \(unit) is not a whole number of micro-batches of \(size) (`micro_batch`)")
        }
        return size
    }

    private func recipePreset() throws(PlanError) -> RecipePreset {
        guard let node = map["recipe"] else { return .first(of: task) }
        let names = task.recipes.map(\.name)
        guard let name = node.scalar, let preset = task.recipes.first(where: { $0.name == name }) else {
            throw node.wrong("a recipe for \(task.kind.rawValue) stages (" + names.joined(separator: ", ") + ")")
        }
        return preset
    }

    // MARK: For the fields of tasks

    func labelSmoothing(default share: Double) throws(PlanError) -> Double {
        try map.number("label_smoothing", "a share of at least 0 and below 1", default: share) { 0 <= $0 && $0 < 1 }
    }

    func file(_ name: String, _ expected: String, remedy: String) throws(PlanError) -> String {
        try list.files.path(map.required(name, expected), expected, remedy: remedy)
    }

    // MARK: References

    func split(_ field: String, default name: String) throws(PlanError) -> SplitDraft {
        let wanted = try map[field]?.text("a split of `data`") ?? name
        if let split = list.splits.first(where: { $0.plan.name == wanted }) { return split }
        let names = list.splits.map(\.plan.name)
        throw .conflict(
            map.place(of: field),
            problem: "there is no split `\(wanted)` in `data`; "
                + (nearestName(to: wanted, among: names).map { "did you mean `\($0)`?" }
                    ?? "it has " + names.map { "`\($0)`" }.joined(separator: ", ")))
    }

    /// The earlier stage a field names; without the field the last earlier one of these kinds.
    func source(_ field: String, of kinds: [StageKind]) throws(PlanError) -> StagePlan {
        let kindNames = kinds.map(\.rawValue).joined(separator: " or ")
        guard let node = map[field] else {
            guard let last = earlier.last(where: { kinds.contains($0.kind) }) else {
                throw .missingField(map.place(of: field), expected: "an earlier stage of kind \(kindNames)")
            }
            return last
        }
        let wanted = try node.text("the name of an earlier stage of kind \(kindNames)")
        guard let stage = earlier.first(where: { $0.name == wanted }) else {
            throw .conflict(node.place, problem: missing(wanted, kinds: kinds))
        }
        guard kinds.contains(stage.kind) else {
            throw .conflict(
                node.place,
                problem: "`\(wanted)` is a \(stage.kind.rawValue) stage; expected one of kind \(kindNames)")
        }
        return stage
    }

    /// The last weights are what a plan that says nothing means.
    private func sourceWeights(from name: String?) throws(PlanError) -> SourceWeights? {
        guard let node = map["weights"], try node.choice(of: SourceWeights.self) == .ema else { return nil }
        guard let source = earlier.first(where: { $0.name == name }) else {
            throw .conflict(node.place, problem: "the stage starts from no other, whose average it could take")
        }
        guard source.recipe?.optimizer.average != nil else {
            throw .conflict(
                node.place, problem: "the stage `\(source.name)` keeps no average of its weights: it has no `ema`")
        }
        return .ema
    }

    private func missing(_ wanted: String, kinds: [StageKind]) -> String {
        if wanted == name { return "a stage cannot start from itself" }
        if later.contains(wanted) { return "the stage `\(wanted)` comes later in the list; expected an earlier one" }
        let names = earlier.filter { kinds.contains($0.kind) }.map(\.name)
        let listed = names.map { "`\($0)`" }.joined(separator: ", ")
        return "there is no earlier stage `\(wanted)`; "
            + (nearestName(to: wanted, among: names).map { "did you mean `\($0)`?" }
                ?? (names.isEmpty
                    ? "it needs one of kind " + kinds.map(\.rawValue).joined(separator: " or ") + " before it"
                    : "it may start from \(listed)"))
    }
}
