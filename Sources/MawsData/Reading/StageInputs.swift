import MawsBase
import MawsDataFiles
import MawsImages
import MawsPlan

/// What a stage takes from each sample of a split, and how it turns text into numbers.
struct StageInputs {
    let parts: Set<SamplePart>
    /// Parts without which a sample is unreadable.
    let requiredParts: Set<SamplePart>
    /// Empty where the stage uses no labels and the split is not resampled.
    let vocabulary: LabelVocabulary
    private let tokenizer: Tokenizer?
    private let transform: ImageTransform
    private let pixelCountMax: Int

    init(
        plan: Plan, stage: StagePlan, split: DataSplitPlan, root: String, transform: ImageTransform,
        inOrder: Bool
    ) throws {
        (self.transform, pixelCountMax) = (transform, split.pixelCountMax)
        requiredParts = Set(stage.inputs(in: plan).compactMap(\.content.part))
        parts = requiredParts.union([stage.needs.target.part].compactMap(\.self))
        let readsLabels = stage.readsLabels(of: split, inOrder: inOrder)
        vocabulary = readsLabels ? try Self.vocabulary(stage: stage, split: split, root: root) : LabelVocabulary()
        tokenizer =
            requiredParts.contains(.caption)
            ? try Self.tokenizer(plan: plan, stage: stage, split: split, root: root) : nil
    }

    /// Writes what the stage computes on of a sample.
    /// - Parameter features: what is known of its image, which is not there then.
    func write(
        _ sample: Sample, view: UInt64, features: [Float]?, with resizer: ImageResizer,
        into inputs: inout [InputBuilder]
    ) throws {
        for input in inputs.indices {
            switch inputs[input].specification.content {
            case .image:
                guard features == nil else { continue }
                let image = try EncodedImage(sample.image, pixelCountMax: pixelCountMax)
                try inputs[input].write { try transform.apply(image, slot: view, into: $0, with: resizer) }
            case .caption:
                if let tokenizer { inputs[input].write(tokenizer.encode(sample.caption ?? "")) }
            case .features:
                guard let features else { continue }
                precondition(features.count == inputs[input].specification.count)
                inputs[input].write { $0.update(from: features, count: features.count) }
            }
        }
    }

    static func vocabulary(
        stage: StagePlan, split: DataSplitPlan, root: String
    ) throws -> LabelVocabulary {
        guard stage.readsLabels(of: split) else { return LabelVocabulary() }
        guard let file = split.vocabulary else {
            throw DataError.stage(
                name: stage.name, problem: "learns hashtags, but split '\(split.name)' names no vocabulary file")
        }
        let path = PathText.resolved(file, root: root)
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
        return try Tokenizer(model: PathText.resolved(model, root: root), context: text.context)
    }
}

extension InputContent {
    /// The part of a sample that it is made of; nil: none.
    fileprivate var part: SamplePart? {
        switch self {
        case .image: .image
        case .caption: .caption
        case .features: nil
        }
    }
}

extension TargetSpecification {
    fileprivate var part: SamplePart? {
        switch self {
        case .none: nil
        case .labels: .hashtags
        case .classes: .classIndex
        }
    }
}

extension StagePlan {
    /// Whether it needs the split's vocabulary: to learn its labels, or to know which samples are rare.
    /// - Parameter inOrder: whether it goes through the samples once, and repeats none.
    func readsLabels(of split: DataSplitPlan, inOrder: Bool = false) -> Bool {
        needs.labelCount != nil || trains && !inOrder && split.resample != nil
    }
}
