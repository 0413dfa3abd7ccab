import MawsPlan

/// What the stages of a plan will find in their splits, looked up before any of them starts: for each stage what will
/// become of the samples, and what is wrong or doubtful about it.
public struct PlanSurvey: Codable, Hashable, Sendable {
    public struct Finding: Codable, Hashable, Sendable {
        /// Whether nothing sensible can come of the plan; otherwise it is a warning.
        public var isFault: Bool
        public var stage: String
        /// Path of the field that asks for it; nil in surveys of earlier versions.
        public var field: String?
        /// A whole sentence: what is wrong, where, and what to do.
        public var sentence: String
    }

    public struct Stage: Codable, Hashable, Sendable {
        public var stage: String
        public var splits: [Split]

        public init(stage: String, splits: [Split]) {
            self.stage = stage
            self.splits = splits
        }
    }

    public struct Split: Codable, Hashable, Sendable {
        public var name: String
        /// Samples that are not excluded.
        public var count: Int
        /// What was passed over when its shards were opened.
        public var problemCount: Int
        /// What will become of the samples, as far as it was looked up.
        public var account: SampleAccount

        public init(name: String, count: Int, problemCount: Int, account: SampleAccount) {
            self.name = name
            self.count = count
            self.problemCount = problemCount
            self.account = account
        }
    }

    /// In the order of the plan.
    public private(set) var stages: [Stage] = []
    public private(set) var findings: [Finding] = []

    public var faults: [Finding] { findings.filter(\.isFault) }
    public var warnings: [Finding] { findings.filter { !$0.isFault } }

    /// Throws what is wrong with files; what is wrong with the samples are findings.
    /// - Parameter root: folder that the plan's relative paths are relative to.
    public init(plan: Plan, data: PlanData, root: String, limits: SurveyLimits = SurveyLimits()) throws {
        var surveys: [String: SplitSurvey] = [:]
        for split in plan.data {
            guard let dataset = data.splits.first(where: { $0.name == split.name })?.dataset else { continue }
            let readers = plan.stages.filter { $0.splits.contains(split.name) }
            guard !readers.isEmpty else { continue }
            let vocabulary = try Self.vocabulary(split, readers, root: root)
            var parts: Set<SamplePart> = vocabulary == nil ? [] : [.hashtags]
            if readers.contains(where: \.needs.classes) { parts.insert(.classIndex) }
            if readers.contains(where: \.needs.captions) { parts.insert(.caption) }
            surveys[split.name] = try FieldFault.at(split.sourceField) {
                try SplitSurvey(
                    split, dataset, model: Self.largest(readers, plan), parts: parts, vocabulary: vocabulary,
                    tokenizer: try Self.tokenizer(split, readers, plan: plan, root: root), root: root, limits: limits)
            }
        }
        for stage in plan.stages {
            let found = try StageSurvey(stage, plan: plan, data: data, surveys: surveys, root: root)
            stages.append(Stage(stage: stage.name, splits: found.splits))
            findings += found.findings
        }
        let evaluation = plan.stages.first { !$0.trains }
        findings += data.classes.notes.map {
            Finding(
                isFault: false, stage: evaluation?.name ?? "", field: evaluation?.field("classes"), sentence: $0)
        }
    }

    /// Nil where no stage learns captions.
    private static func tokenizer(
        _ split: DataSplitPlan, _ readers: [StagePlan], plan: Plan, root: String
    ) throws -> Tokenizer? {
        try readers.first { $0.needs.captions && $0.on == split.name }.map { stage in
            try FieldFault.at(split.field("tokenizer")) {
                try StageInputs.tokenizer(plan: plan, stage: stage, split: split, root: root)
            }
        }
    }

    /// The tower of the reader with the largest images.
    private static func largest(_ readers: [StagePlan], _ plan: Plan) -> ImageModelPlan {
        readers.map { $0.image(in: plan) }.max { $0.size < $1.size } ?? plan.model.image
    }

    /// Nil where no stage asks for labels.
    private static func vocabulary(
        _ split: DataSplitPlan, _ readers: [StagePlan], root: String
    ) throws -> LabelVocabulary? {
        let isNeeded = readers.contains { $0.readsLabels(of: split) }
        guard isNeeded, let file = split.vocabulary else { return nil }
        return try FieldFault.at(split.field("vocabulary")) {
            try LabelVocabulary(path: Dataset.resolved(file, root: root), sampleCountMin: split.labelCountMin)
        }
    }
}
