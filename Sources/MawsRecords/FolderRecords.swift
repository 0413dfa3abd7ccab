import MawsTraining

/// The records of a run's folder that are held against each other, each file read once. What they are is said at the
/// functions of `RunFolder`.
package struct FolderRecords {
    package let steps: [StepMetrics]
    package let stages: [StageSummary]
    package let skipped: [SkippedSampleRecord]
    package let machines: [MachineRecord]
    /// Results whose figures are as they were written.
    package let evaluations: [any StageResult]
    /// One sentence for each file with lines that are not records, without records that belong there, or, of
    /// `results/`, that is not what a stage's record says.
    package let damage: [String]

    init(_ folder: RunFolder) throws(ReportError) {
        let metrics = try folder.lines(of: StepMetrics.self, in: "metrics.jsonl")
        let summaries = try folder.lines(of: StageSummary.self, in: "stages.jsonl")
        let skippedLines = try folder.lines(of: SkippedSampleRecord.self, in: "skipped.jsonl")
        let hosts = try folder.lines(of: MachineRecord.self, in: "machines.jsonl")
        steps = RunFolder.steps(metrics.records)
        stages = RunFolder.summaries(summaries.records)
        skipped = RunFolder.once(skippedLines.records)
        machines = RunFolder.latest(hosts.records)
        let results = RunResults(folder: "\(folder.path)/results", stages: stages)
        evaluations = results.results
        let torn = [
            ("metrics.jsonl", metrics.damagedLines), ("stages.jsonl", summaries.damagedLines),
            ("skipped.jsonl", skippedLines.damagedLines), ("machines.jsonl", hosts.damagedLines),
        ]
        damage =
            torn.compactMap(Self.tornLines) + Self.missingSteps(steps, of: stages) + results.damage.map(\.sentence)
    }

    private static func tornLines(_ name: String, _ lines: [Int]) -> String? {
        guard !lines.isEmpty else { return nil }
        return "\(name): \(lines.count == 1 ? "line" : "lines") \(lines.map(String.init).joined(separator: ", ")) "
            + "\(lines.count == 1 ? "is not a record and was" : "are not records and were") left out."
    }

    /// A sentence for each finished stage that has fewer steps in the metrics than it took.
    private static func missingSteps(_ steps: [StepMetrics], of stages: [StageSummary]) -> [String] {
        let known = Dictionary(grouping: steps, by: \.stage).mapValues(\.count)
        return stages.compactMap { summary in
            let count = known[summary.stage] ?? 0
            guard summary.loss != nil, count < summary.steps else { return nil }
            return "metrics.jsonl has \(count) of the \(summary.steps) steps of stage \(summary.stage). Start the run "
                + "again with maws-coord, which writes the file from the run's database."
        }
    }
}
