/// Reads one stage: its fields, its defaults and what it needs from splits, models and earlier stages.
struct StageReader {
    let list: StageListReader
    let kind: StageKind
    private let heading: StageHeading
    let name: String
    let earlier: [StagePlan]
    /// Names of this stage and those after it.
    let later: [String]

    private static let countMax = 1 << 40
    private static let skipsMax = 1000
    private static let viewsMax = 1_000_000
    private static let unitTraining = 32
    private static let unitEvaluation = 256
    private static let templates = "a file with one prompt template a line"
    private static let classes = "a file with one class a line"

    init(list: StageListReader, heading: StageHeading, name: String, earlier: [StagePlan], later: [String]) {
        self.list = list
        kind = heading.kind
        self.name = name
        self.earlier = earlier
        self.later = later
        self.heading = heading
    }

    /// The fields, less those with faults that are known already.
    var map: PlanMap { heading.map.renamed("stages.\(name)") }

    /// What stands for a stage that cannot be read, for those that start from it.
    var placeholder: StagePlan {
        StagePlan(
            name: name, kind: kind, from: nil, on: "", fitOn: nil, batch: 1, unit: 1, epochs: 1, steps: nil,
            recipe: nil, decoder: nil, maskRatio: 0, normalizesPixels: false, labelCount: 0, labelSmoothing: 0,
            templates: nil, classes: nil, penalty: 0)
    }

    func stage() throws(PlanError) -> StagePlan {
        try StageFields.check(map, kind: kind)
        var stage = StagePlan(
            name: name, kind: kind, from: nil, on: try split("on", default: kind.trains ? "train" : "test").plan.name,
            fitOn: nil, batch: 0, unit: 0, epochs: 0, steps: nil, recipe: nil, decoder: nil, maskRatio: 0,
            normalizesPixels: false, labelCount: 0, labelSmoothing: 0, templates: nil, classes: nil, penalty: 0)
        if kind.trains { try readTraining(&stage) } else { try readEvaluation(&stage) }
        switch kind {
        case .mae: try readMAE(&stage)
        case .wsp: try readWSP(&stage)
        case .lit: try readLiT(&stage)
        case .linear: try readLinear(&stage)
        case .zeroshot: try readZeroShot(&stage)
        }
        return stage
    }

    // MARK: What kinds have in common

    private func readTraining(_ stage: inout StagePlan) throws(PlanError) {
        let preset = try recipePreset()
        stage.recipe = try RecipeReader(map: map, size: list.image.size).recipe(preset)
        stage.epochs = try map.number("epochs", "a number above 0", default: preset.epochs) { $0 > 0 }
        stage.steps = try map["steps"]?.integer(1...Self.countMax)
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
        guard kind == .wsp else {
            throw .conflict(
                map.place(of: "augment"),
                problem:
                    "`mixup` and `cutmix` mix labels, which a \(kind.rawValue) stage does not learn from; set them "
                    + "to `none`")
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
        if let node = map["framing"] {
            stage.framing = try AugmentReader(size: list.image.size).framing(node, stage.framing)
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
        guard let node = map["recipe"] else { return .paper(kind) }
        let names = RecipePreset.all.filter { $0.kind == kind }.map(\.name)
        guard let name = node.scalar, let preset = RecipePreset.named(name), preset.kind == kind else {
            throw node.wrong("a recipe for \(kind.rawValue) stages (" + names.joined(separator: ", ") + ")")
        }
        return preset
    }

    // MARK: Kinds

    private func readMAE(_ stage: inout StagePlan) throws(PlanError) {
        stage.decoder = try RecipeReader(map: map, size: list.image.size).decoder(microBatch: stage.microBatch)
        stage.maskRatio = try map.number("mask_ratio", "a share above 0 and below 1", default: 0.75) {
            0 < $0 && $0 < 1
        }
        stage.normalizesPixels = try map.flag("norm_pix", default: true)
        let patches = list.image.patchCount
        let visible = Int(Double(patches) * (1 - stage.maskRatio))
        guard visible > 0 && visible < patches else {
            throw .conflict(
                map.place(of: "mask_ratio"),
                problem: "\(stage.maskRatio.shortest) of the \(patches) patches of an image leaves "
                    + (visible == 0 ? "none visible" : "none to predict"))
        }
    }

    private func readWSP(_ stage: inout StagePlan) throws(PlanError) {
        if map["from"] != nil { stage.from = try source("from", of: [.mae]).name }
        let split = try split("on", default: "train")
        guard split.plan.vocabulary != nil else {
            throw .missingField(
                split.map.place(of: "vocabulary"),
                expected:
                    "a file with one hashtag a line, for the wsp stage `\(name)`; `maws data pack` writes it next "
                    + "to the shards")
        }
        stage.labelCount = try labels(split)
        let preset = try recipePreset()
        stage.head = try map["head"]?.choice(of: HeadKind.self) ?? preset.head
        stage.labelSmoothing = try labelSmoothing(default: 0)
    }

    private func labelSmoothing(default share: Double) throws(PlanError) -> Double {
        try map.number("label_smoothing", "a share of at least 0 and below 1", default: share) { 0 <= $0 && $0 < 1 }
    }

    /// Hashtags of the split's vocabulary, which a resolved plan spells out.
    private func labels(_ split: SplitDraft) throws(PlanError) -> Int {
        guard let lines = split.labelCount else {
            return try map.required("labels", "the number of hashtags").integer(1...Self.countMax)
        }
        let labels = try map.integer("labels", 1...Self.countMax, default: lines)
        guard labels == lines else {
            throw .conflict(
                map.place(of: "labels"),
                problem: "\(labels) labels are not the \(lines) of the vocabulary file \(split.plan.vocabulary ?? ""); "
                    + "leave the field out to take those")
        }
        return labels
    }

    private func readLiT(_ stage: inout StagePlan) throws(PlanError) {
        stage.from = try source("image", of: [.wsp, .mae]).name
        stage.labelSmoothing = try labelSmoothing(default: 0.1)
        stage.views = try map["views"]?.integer(1...Self.viewsMax)
        guard list.hasText else {
            throw .conflict(
                map.place,
                problem: "a lit stage trains a text tower, and the plan has none; name one in `model.text`, "
                    + "`text: xlmr_base` for instance")
        }
        let split = try split("on", default: "train")
        guard split.plan.tokenizer != nil else {
            throw .missingField(
                split.map.place(of: "tokenizer"),
                expected: "a SentencePiece model for the captions, for the lit stage `\(name)`; `maws data tokenizer` "
                    + "trains one")
        }
    }

    private func readLinear(_ stage: inout StagePlan) throws(PlanError) {
        stage.from = try source("from", of: [.wsp, .mae]).name
        stage.fitOn = try split("fit_on", default: "train").plan.name
        stage.penalty = try map.number("penalty", "a number of at least 0", default: 1) { $0 >= 0 }
    }

    private func readZeroShot(_ stage: inout StagePlan) throws(PlanError) {
        stage.from = try source("from", of: [.lit]).name
        stage.templates = try file(
            "templates", Self.templates, remedy: "write one, with lines such as `a photo of a {}.`")
        stage.classes = try file(
            "classes", Self.classes,
            remedy: "write one, with the names of a class in each line, separated by commas")
    }

    private func file(_ name: String, _ expected: String, remedy: String) throws(PlanError) -> String {
        try list.files.path(map.required(name, expected), expected, remedy: remedy)
    }

    // MARK: References

    private func split(_ field: String, default name: String) throws(PlanError) -> SplitDraft {
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
    private func source(_ field: String, of kinds: [StageKind]) throws(PlanError) -> StagePlan {
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
