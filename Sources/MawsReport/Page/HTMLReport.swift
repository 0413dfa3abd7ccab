import MawsPlan
import MawsStorage

/// `report.html`: the whole run in one file that needs no network.
public enum HTMLReport {
    /// Reads the run's records and writes `report.html` next to them. What is gone (a checkpoint, the data) is named in
    /// its section and does not fail the report.
    /// - Parameters:
    ///   - root: the folder that the paths of the plan's data are relative to.
    ///   - other: folder of a run whose losses are drawn over this one's.
    /// - Returns: the path of the report.
    @discardableResult
    public static func write(runFolder: String, root: String = ".", against other: String? = nil) throws -> String {
        let path = "\(RunFolder(runFolder).path)/report.html"
        try AtomicFile.write(render(runFolder: runFolder, root: root, against: other), to: path)
        return path
    }

    /// The page's text.
    public static func render(runFolder: String, root: String = ".", against other: String? = nil) throws -> String {
        let record = try RunRecord(RunFolder(runFolder))
        let comparison = try other.map { RunComparison(run: record, other: try RunRecord(RunFolder($0))) }
        let page = ReportPage(
            record: record, comparison: comparison, machine: Machine.description(),
            reconstructions: reconstructions(record, root: root),
            thumbnails: { Thumbnails(split: $0, plan: record.plan, root: root) })
        return page.markup().html
    }

    /// One strip for each finished `mae` stage of the plan.
    private static func reconstructions(_ record: RunRecord, root: String) -> [ReconstructionSection] {
        guard let plan = record.plan else { return [] }
        let maker = Reconstructions(plan: plan, runFolder: record.folder.path, root: root)
        return plan.stages.filter { $0.kind == .mae }.compactMap { stage in
            guard let summary = record.stages.first(where: { $0.stage == stage.name }) else { return nil }
            return ReconstructionSection(stage: stage.name, outcome: maker.make(stage: stage, steps: summary.steps))
        }
    }
}
