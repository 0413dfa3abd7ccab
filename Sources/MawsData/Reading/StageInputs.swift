import MawsBase
import MawsPlan

/// What a stage takes from each sample besides its image, and how it turns text into numbers.
struct StageInputs {
    let parts: Set<SamplePart>
    /// Parts without which a sample is unreadable.
    let requiredParts: Set<SamplePart>
    /// Label of each known hashtag; empty where the stage uses none.
    let labels: [String: Int]
    let tokenizer: Tokenizer?

    init(plan: Plan, stage: StagePlan, split: DataSplitPlan, root: String) throws {
        parts = Self.parts(stage.kind)
        requiredParts = stage.kind == .lit ? [.image, .caption] : [.image]
        labels = stage.kind == .wsp ? try Self.labels(stage: stage, split: split, root: root) : [:]
        tokenizer = stage.kind == .lit ? try Self.tokenizer(plan: plan, stage: stage, split: split, root: root) : nil
    }

    private static func parts(_ kind: StageKind) -> Set<SamplePart> {
        switch kind {
        case .mae: [.image]
        case .wsp: [.image, .hashtags]
        case .lit: [.image, .caption]
        case .linear, .zeroshot: [.image, .classIndex]
        }
    }

    private static func labels(stage: StagePlan, split: DataSplitPlan, root: String) throws -> [String: Int] {
        guard let vocabulary = split.vocabulary else {
            throw DataError.stage(
                name: stage.name, problem: "learns hashtags, but split '\(split.name)' names no vocabulary file")
        }
        let path = Dataset.resolved(vocabulary, root: root)
        let tags = try SplitFiles.vocabulary(path: path)
        guard tags.count == stage.labelCount else {
            throw DataError.stage(
                name: stage.name,
                problem: "has \(stage.labelCount) labels, but \(path) has \(tags.count) hashtags; it has changed")
        }
        return Dictionary(uniqueKeysWithValues: zip(tags, tags.indices))
    }

    private static func tokenizer(
        plan: Plan, stage: StagePlan, split: DataSplitPlan, root: String
    ) throws -> Tokenizer {
        guard let text = plan.model.text, let model = split.tokenizer else {
            throw DataError.stage(
                name: stage.name,
                problem: "learns captions, but the plan has no text model or split '\(split.name)' no tokenizer")
        }
        return try Tokenizer(model: Dataset.resolved(model, root: root), context: text.context)
    }

    /// Ascending, without repeats; hashtags that the vocabulary lacks are dropped.
    func labels(of hashtags: [String]) -> [Int] {
        var found: [Int] = []
        for tag in hashtags {
            if let label = labels[tag], !found.contains(label) { found.append(label) }
        }
        return found.sorted()
    }
}
