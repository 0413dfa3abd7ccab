import MawsDataFiles
import MawsPlan

/// Everything that a plan names, opened: what `maws plan check` and the start of a run both do before anything is
/// computed. All faults are found at once.
package struct PlanInspection: Sendable {
    /// Nil where a split cannot be opened.
    package let data: PlanData?
    /// What the stages will find in the samples; nil where a split cannot be opened.
    package let survey: PlanSurvey?
    /// One sentence each, with file, line and field where the plan came from a file.
    package let faults: [String]

    /// - Parameters:
    ///   - root: folder that the plan's relative paths are relative to.
    ///   - earlier: the survey of the run's first start; nil: it is made, and what it finds wrong is a fault.
    package init(plan: Plan, root: String, survey earlier: PlanSurvey? = nil) {
        var log = InspectionLog(plan: plan)
        log.collect("run") { try RunFolderCheck.check(plan.run) }
        var samples: [String: Int] = [:]
        let opened = plan.data.compactMap { split in
            log.collect(split.sourceField) {
                let dataset = try Dataset(split, root: root)
                samples[split.name] = try PlanData.count(dataset, split, root: root).epoch
                return dataset
            }
        }
        for stage in plan.stages {
            let check = StageCheck(plan: plan, stage: stage, root: root)
            log.collect(stage.field("classes")) { try PlanData.prompts(stage, root: root) }
            log.collect(stage.field("on")) { try check.openVocabulary() }
            log.collect(stage.field("on")) { try check.openTokenizer() }
            log.collect(stage.field("on")) { try check.compareTokenizers() }
            guard let count = samples[stage.on] else { continue }
            log.collect(stage.field("batch")) { try check.fillBatch(count) }
            log.collect(stage.field("epochs")) { try check.countSteps(count) }
        }
        let isOpen = opened.count == plan.data.count
        data = isOpen ? log.collect("data") { try PlanData(plan: plan, root: root, opened: opened) } : nil
        survey =
            earlier
            ?? data.flatMap { data in log.collect("data") { try PlanSurvey(plan: plan, data: data, root: root) } }
        if earlier == nil { for finding in survey?.faults ?? [] { log.add(finding.field, finding.sentence) } }
        faults = log.faults
    }

    /// The data of a plan without a fault.
    /// - Parameter further: faults that were found elsewhere, told with these.
    package func checked(further: [String] = []) throws -> (data: PlanData, survey: PlanSurvey) {
        let all = faults + further
        guard all.isEmpty, let data, let survey else { throw PlanDataFaults(sentences: all) }
        return (data, survey)
    }
}

/// What is found wrong, each fault once: stages of one split meet the same.
private struct InspectionLog {
    let plan: Plan
    private(set) var faults = DataAccess.faults()

    mutating func add(_ field: String?, _ sentence: String) {
        let fault = plan.located(field, sentence)
        if !faults.contains(fault) { faults.append(fault) }
    }

    /// - Parameter field: of what is wrong where the error does not know better.
    @discardableResult
    mutating func collect<Value>(_ field: String, _ body: () throws -> Value) -> Value? {
        do {
            return try body()
        } catch let fault as FieldFault {
            add(fault.field, fault.description)
        } catch {
            add(field, "\(error)")
        }
        return nil
    }
}

/// What stands between a plan and its run, a sentence a line.
package struct PlanDataFaults: Error, Hashable, CustomStringConvertible {
    package let sentences: [String]

    package init(sentences: [String]) { self.sentences = sentences }

    package var description: String { sentences.joined(separator: "\n") }
}

/// What a stage would find wrong only when its turn comes.
private struct StageCheck {
    let plan: Plan
    let stage: StagePlan
    let root: String

    /// The vocabulary is what the plan counts on.
    func openVocabulary() throws {
        guard let split = plan.split(stage.on) else { return }
        try FieldFault.at(split.field("vocabulary")) {
            _ = try StageInputs.vocabulary(stage: stage, split: split, root: root)
        }
    }

    /// The tokenizer has no more tokens than the text tower has rows for.
    func openTokenizer() throws {
        guard stage.learnsCaptions, let split = plan.split(stage.on) else { return }
        let tokenizer = try FieldFault.at(split.field("tokenizer")) {
            try StageInputs.tokenizer(plan: plan, stage: stage, split: split, root: root)
        }
        guard let text = plan.model.text, tokenizer.vocabularySize > text.vocabulary else { return }
        throw FieldFault(
            field: "model.text.vocabulary",
            cause: DataError.stage(
                name: stage.name,
                problem: "has a tokenizer of \(tokenizer.vocabularySize) tokens, and `model.text.vocabulary` is "
                    + "\(text.vocabulary); the splits of all lit stages need one tokenizer"))
    }

    /// Prompts are cut by the tokenizer that the text tower was trained with.
    func compareTokenizers() throws {
        guard stage.needs.templates != nil, let own = plan.split(stage.on)?.tokenizer,
            let trained = stage.from.flatMap(plan.stage).flatMap({ plan.split($0.on) })?.tokenizer, own != trained
        else { return }
        let hashes = try [own, trained].map { try InputFile.hash(PathText.resolved($0, root: root)) }
        guard hashes[0] != hashes[1] else { return }
        throw DataError.stage(
            name: stage.name,
            problem: "reads split '\(stage.on)' with the tokenizer \(own), but its text tower learns with \(trained); "
                + "leave `tokenizer` out of the split, or name the same file")
    }

    func fillBatch(_ samples: Int) throws {
        guard stage.trains, stage.batch > samples else { return }
        throw DataError.stage(
            name: stage.name,
            problem: "has a `batch` of \(stage.batch), but its split '\(stage.on)' has \(samples) samples only; make "
                + "the batch smaller (a whole number of units, of `unit` \(stage.unit))")
    }

    /// A step's number has 32 bits.
    func countSteps(_ samples: Int) throws {
        let count = stage.trains ? stage.stepCount(samples: samples) : 0
        guard count > UInt32.max else { return }
        throw DataError.stage(
            name: stage.name,
            problem: "has \(count) steps of \(stage.batch) samples, and a stage has \(UInt32.max) at most; make the "
                + "batch larger, or `epochs` smaller")
    }
}
