import MawsPlan

/// What the stages of a plan will find in their splits, looked up before any of them starts: for each stage what will
/// become of the samples, and what is wrong or doubtful about it.
package struct PlanSurvey: Codable, Hashable, Sendable {
    package struct Finding: Codable, Hashable, Sendable {
        /// Whether nothing sensible can come of the plan; otherwise it is a warning.
        package var isFault: Bool
        package var stage: String
        /// Path of the field that asks for it; nil in surveys of earlier versions.
        package var field: String?
        /// A whole sentence: what is wrong, where, and what to do.
        package var sentence: String
    }

    package struct Stage: Codable, Hashable, Sendable {
        package var stage: String
        package var splits: [Split]

        package init(stage: String, splits: [Split]) {
            self.stage = stage
            self.splits = splits
        }
    }

    package struct Split: Codable, Hashable, Sendable {
        package var name: String
        /// Samples that are not excluded.
        package var count: Int
        /// What was skipped when its shards were opened.
        package var problemCount: Int
        /// What will become of the samples, as far as it was looked up.
        package var account: SampleAccount

        package init(name: String, count: Int, problemCount: Int, account: SampleAccount) {
            self.name = name
            self.count = count
            self.problemCount = problemCount
            self.account = account
        }
    }

    /// In the order of the plan.
    package private(set) var stages: [Stage] = []
    package private(set) var findings: [Finding] = []

    package var faults: [Finding] { findings.filter(\.isFault) }
    package var warnings: [Finding] { findings.filter { !$0.isFault } }

    /// Throws what is wrong with files; what is wrong with the samples are findings.
    /// - Parameter root: folder that the plan's relative paths are relative to.
    package init(plan: Plan, data: PlanData, root: String, limits: SurveyLimits = SurveyLimits()) throws {
        var surveys: [String: SplitSurvey] = [:]
        for split in plan.data {
            guard let dataset = data.splits.first(where: { $0.name == split.name })?.dataset else { continue }
            let readers = plan.stages.filter { $0.splits.contains(split.name) }
            guard !readers.isEmpty else { continue }
            let vocabulary = try Self.vocabulary(split, readers, root: root)
            var parts: Set<SamplePart> = vocabulary == nil ? [] : [.hashtags]
            if readers.contains(where: \.needs.classes) { parts.insert(.classIndex) }
            if readers.contains(where: \.learnsCaptions) { parts.insert(.caption) }
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
        try readers.first { $0.learnsCaptions && $0.on == split.name }.map { stage in
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
            try LabelVocabulary(path: PathText.resolved(file, root: root), sampleCountMin: split.labelCountMin)
        }
    }
}
