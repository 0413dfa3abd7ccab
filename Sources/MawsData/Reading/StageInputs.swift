import MawsBase
import MawsPlan

/// What a stage takes from each sample besides its image, and how it turns text into numbers.
struct StageInputs {
    let parts: Set<SamplePart>
    /// Parts without which a sample is unreadable.
    let requiredParts: Set<SamplePart>
    /// Empty where the stage uses no labels and the split is not resampled.
    let vocabulary: LabelVocabulary
    let tokenizer: Tokenizer?

    init(plan: Plan, stage: StagePlan, split: DataSplitPlan, root: String) throws {
        parts = Self.parts(stage.kind)
        requiredParts = stage.kind == .lit ? [.image, .caption] : [.image]
        vocabulary = try Self.vocabulary(stage: stage, split: split, root: root)
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

    static func vocabulary(
        stage: StagePlan, split: DataSplitPlan, root: String
    ) throws -> LabelVocabulary {
        guard stage.kind == .wsp || stage.kind.trains && split.resample != nil else { return LabelVocabulary() }
        guard let file = split.vocabulary else {
            throw DataError.stage(
                name: stage.name, problem: "learns hashtags, but split '\(split.name)' names no vocabulary file")
        }
        let path = Dataset.resolved(file, root: root)
        let vocabulary = try LabelVocabulary(path: path, sampleCountMin: split.labelCountMin)
        guard stage.kind != .wsp || vocabulary.count == stage.labelCount else {
            throw DataError.stage(
                name: stage.name,
                problem: "has \(stage.labelCount) labels, but \(path) has \(vocabulary.count); it has changed")
        }
        return vocabulary
    }

    static func tokenizer(
        plan: Plan, stage: StagePlan, split: DataSplitPlan, root: String
    ) throws -> Tokenizer {
        guard let text = plan.model.text, let model = split.tokenizer else {
            throw DataError.stage(
                name: stage.name,
                problem: "learns captions, but the plan has no text model or split '\(split.name)' no tokenizer")
        }
        return try Tokenizer(model: Dataset.resolved(model, root: root), context: text.context)
    }
}
