import MawsPlan

/// Everything that a plan names, opened: what `maws plan check` and the start of a run both do before anything is
/// computed. All faults are found at once.
public struct PlanInspection: Sendable {
    /// Nil where a split cannot be opened.
    public let data: PlanData?
    /// What the stages will find in the samples; nil where a split cannot be opened.
    public let survey: PlanSurvey?
    /// One sentence each.
    public let faults: [String]

    /// - Parameters:
    ///   - root: folder that the plan's relative paths are relative to.
    ///   - earlier: the survey of the run's first start; nil: it is made, and what it finds wrong is a fault.
    public init(plan: Plan, root: String, survey earlier: PlanSurvey? = nil) {
        var faults = DataAccess.faults()
        var samples: [String: Int] = [:]
        let opened = plan.data.compactMap { split in
            Self.collect(&faults) {
                let dataset = try Dataset(split, root: root)
                samples[split.name] = try SamplePositions.count(dataset, split: split, root: root, resamples: true)
                return dataset
            }
        }
        for stage in plan.stages {
            let check = StageCheck(plan: plan, stage: stage, root: root)
            Self.collect(&faults) { try PlanData.prompts(stage, root: root) }
            Self.collect(&faults) { try check.openInputs() }
            Self.collect(&faults) { try check.compareTokenizers() }
            if let count = samples[stage.on] { Self.collect(&faults) { try check.fillBatch(count) } }
        }
        let isOpen = opened.count == plan.data.count
        data = isOpen ? Self.collect(&faults) { try PlanData(plan: plan, root: root, opened: opened) } : nil
        survey =
            earlier
            ?? data.flatMap { data in
                Self.collect(&faults) { try PlanSurvey(plan: plan, data: data, root: root) }
            }
        if earlier == nil { faults += (survey?.faults ?? []).map(\.sentence) }
        // Stages of one split meet the same fault.
        var known: Set<String> = []
        self.faults = faults.filter { known.insert($0).inserted }
    }

    /// The data of a plan without a fault.
    /// - Parameter further: faults that were found elsewhere, told with these.
    public func checked(further: [String] = []) throws -> (data: PlanData, survey: PlanSurvey) {
        let all = faults + further
        guard all.isEmpty, let data, let survey else { throw PlanDataFaults(sentences: all) }
        return (data, survey)
    }

    @discardableResult
    private static func collect<Value>(_ faults: inout [String], _ body: () throws -> Value) -> Value? {
        do {
            return try body()
        } catch {
            faults.append("\(error)")
            return nil
        }
    }
}

/// What stands between a plan and its run, a sentence a line.
public struct PlanDataFaults: Error, Hashable, CustomStringConvertible {
    public let sentences: [String]

    public init(sentences: [String]) { self.sentences = sentences }

    public var description: String { sentences.joined(separator: "\n") }
}

/// What a stage would find wrong only when its turn comes.
private struct StageCheck {
    let plan: Plan
    let stage: StagePlan
    let root: String

    /// Vocabulary and tokenizer are what the plan counts on.
    func openInputs() throws {
        guard let split = plan.split(stage.on) else { return }
        let inputs = try StageInputs(plan: plan, stage: stage, split: split, root: root)
        guard let tokens = inputs.tokenizer?.vocabularySize, let text = plan.model.text, tokens > text.vocabulary else {
            return
        }
        throw DataError.stage(
            name: stage.name,
            problem: "has a tokenizer of \(tokens) tokens, and `model.text.vocabulary` is \(text.vocabulary); the "
                + "splits of all lit stages need one tokenizer")
    }

    /// Prompts are cut by the tokenizer that the text tower was trained with.
    func compareTokenizers() throws {
        guard stage.kind == .zeroshot, let own = plan.split(stage.on)?.tokenizer,
            let trained = stage.from.flatMap(plan.stage).flatMap({ plan.split($0.on) })?.tokenizer, own != trained
        else { return }
        let hashes = try [own, trained].map { try InputFile.hash(Dataset.resolved($0, root: root)) }
        guard hashes[0] != hashes[1] else { return }
        throw DataError.stage(
            name: stage.name,
            problem: "reads split '\(stage.on)' with the tokenizer \(own), but its text tower learns with \(trained); "
                + "leave `tokenizer` out of the split, or name the same file")
    }

    func fillBatch(_ samples: Int) throws {
        guard stage.kind.trains, stage.batch > samples else { return }
        throw DataError.stage(
            name: stage.name,
            problem: "has a `batch` of \(stage.batch), but its split '\(stage.on)' has \(samples) samples only; make "
                + "the batch smaller (a whole number of units, of `unit` \(stage.unit))")
    }
}
