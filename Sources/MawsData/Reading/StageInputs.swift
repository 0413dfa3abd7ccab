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
        let needs = stage.needs
        parts = Self.parts(needs)
        requiredParts = needs.captions ? [.image, .caption] : [.image]
        vocabulary = try Self.vocabulary(stage: stage, split: split, root: root)
        tokenizer = needs.captions ? try Self.tokenizer(plan: plan, stage: stage, split: split, root: root) : nil
    }

    private static func parts(_ needs: DataNeeds) -> Set<SamplePart> {
        var parts: Set<SamplePart> = [.image]
        if needs.labelCount != nil { parts.insert(.hashtags) }
        if needs.captions { parts.insert(.caption) }
        if needs.classes { parts.insert(.classIndex) }
        return parts
    }

    static func vocabulary(
        stage: StagePlan, split: DataSplitPlan, root: String
    ) throws -> LabelVocabulary {
        guard stage.readsLabels(of: split) else { return LabelVocabulary() }
        guard let file = split.vocabulary else {
            throw DataError.stage(
                name: stage.name, problem: "learns hashtags, but split '\(split.name)' names no vocabulary file")
        }
        let path = Dataset.resolved(file, root: root)
        let vocabulary = try LabelVocabulary(path: path, sampleCountMin: split.labelCountMin)
        if let count = stage.needs.labelCount, vocabulary.count != count {
            throw DataError.stage(
                name: stage.name,
                problem: "has \(count) labels, but \(path) has \(vocabulary.count); it has changed")
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

extension StagePlan {
    /// Whether it needs the split's vocabulary: to learn its labels, or to know which samples are rare.
    func readsLabels(of split: DataSplitPlan) -> Bool { needs.labelCount != nil || trains && split.resample != nil }
}
