import Foundation
import MawsData
import MawsPlan
import MawsTraining

/// The records a run leaves in its folder. A file that is not there yet reads as no records.
package struct RunFolder: Sendable {
    package let path: String

    /// Trailing slashes do not count.
    package init(_ path: String) {
        let trimmed = path.reversed().drop { $0 == "/" }.reversed()
        self.path = trimmed.isEmpty ? path : String(trimmed)
    }

    /// `metrics.jsonl`: stages in order of first appearance, ascending by step. A resumed run computes some steps
    /// again; the last record of a step counts. Torn lines are left out.
    package func metrics() throws(ReportError) -> [StepMetrics] {
        Self.steps(try lines(of: StepMetrics.self, in: "metrics.jsonl").records)
    }

    static func steps(_ records: [StepMetrics]) -> [StepMetrics] {
        var order: [String] = []
        var steps: [String: [Int: StepMetrics]] = [:]
        for record in records {
            if steps[record.stage] == nil { order.append(record.stage) }
            steps[record.stage, default: [:]][record.step] = record
        }
        return order.flatMap { stage in (steps[stage] ?? [:]).values.sorted { $0.step < $1.step } }
    }

    /// `stages.jsonl`, in order of first appearance; the last record of a stage counts.
    package func stages() throws(ReportError) -> [StageSummary] {
        Self.summaries(try lines(of: StageSummary.self, in: "stages.jsonl").records)
    }

    static func summaries(_ records: [StageSummary]) -> [StageSummary] {
        var summaries: [StageSummary] = []
        for record in records {
            if let index = summaries.firstIndex(where: { $0.stage == record.stage }) {
                summaries[index] = record
            } else {
                summaries.append(record)
            }
        }
        return summaries
    }

    /// `starts.jsonl`: the coordinator's starts, in order.
    package func starts() throws(ReportError) -> [RunStart] {
        try lines(of: RunStart.self, in: "starts.jsonl").records
    }

    /// `skipped.jsonl`, each sample of a stage once, in order of first appearance.
    package func skippedSamples() throws(ReportError) -> [SkippedSampleRecord] {
        Self.once(try lines(of: SkippedSampleRecord.self, in: "skipped.jsonl").records)
    }

    static func once(_ records: [SkippedSampleRecord]) -> [SkippedSampleRecord] {
        var known: Set<SkippedSampleRecord> = []
        return records.filter { known.insert($0).inserted }
    }

    /// `samples.json`; nil where there is none, or an earlier version of maws wrote another kind.
    package func survey() throws(ReportError) -> PlanSurvey? {
        try contents(of: "\(path)/samples.json").flatMap { try? JSONLine.decode(PlanSurvey.self, from: $0) }
    }

    /// `machines.jsonl`: each machine once, as it last was, in the order in which they first came.
    package func machines() throws(ReportError) -> [MachineRecord] {
        Self.latest(try lines(of: MachineRecord.self, in: "machines.jsonl").records)
    }

    static func latest(_ records: [MachineRecord]) -> [MachineRecord] {
        var machines: [MachineRecord] = []
        for record in records {
            let known = machines.firstIndex { $0.name == record.name && $0.host == record.host }
            if let known { machines[known] = record } else { machines.append(record) }
        }
        return machines
    }

    /// `logs/coordinator.log`; empty where there is none.
    package func coordinatorLog() throws(ReportError) -> String {
        String(decoding: try contents(of: "\(path)/logs/coordinator.log") ?? Data(), as: UTF8.self)
    }

    /// `results/`, held against the records of the stages that made it.
    package func results() throws(ReportError) -> RunResults {
        RunResults(folder: "\(path)/results", stages: try stages())
    }

    /// Results whose figures are as they were written, in the order of the finished stages that made them, then by
    /// name.
    package func evaluations() throws(ReportError) -> [any StageResult] { try results().results }

    /// Those of classifiers.
    package func classifications() throws(ReportError) -> [ClassificationResult] {
        try evaluations().compactMap { $0 as? ClassificationResult }
    }

    /// What is wrong with the files, see `FolderRecords`.
    package func damage() throws(ReportError) -> [String] { try records().damage }

    /// All records, each file read once.
    package func records() throws(ReportError) -> FolderRecords { try FolderRecords(self) }

    /// `plan.yaml` as it is; nil where there is none.
    package func planText() throws(ReportError) -> String? {
        try contents(of: "\(path)/plan.yaml").map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether every stage of the run's plan has come to its end.
    package var isFinished: Bool {
        guard let plan = try? PlanLoader.loadResolved(path: "\(path)/plan.yaml"), let ended = try? stages() else {
            return false
        }
        return plan.stages.allSatisfy { stage in ended.contains { $0.stage == stage.name } }
    }

    /// Throws when the folder holds nothing a run would have left.
    package func checkIsRun() throws(ReportError) {
        let files = ["plan.yaml", "metrics.jsonl", "stages.jsonl"]
        guard files.contains(where: { FileManager.default.fileExists(atPath: "\(path)/\($0)") }) else {
            throw .noRun(folder: path)
        }
    }

    func lines<Record>(of type: Record.Type, in name: String) throws(ReportError) -> JSONLines<Record> {
        JSONLines(try contents(of: "\(path)/\(name)") ?? Data())
    }

    /// Nil when there is no such file.
    private func contents(of file: String) throws(ReportError) -> Data? {
        guard FileManager.default.fileExists(atPath: file) else { return nil }
        do {
            return try Data(contentsOf: URL(fileURLWithPath: file))
        } catch {
            throw .unreadable(path: file, reason: error.localizedDescription)
        }
    }
}
