import Foundation
import MawsBase
import MawsStorage

/// A page that was written, and what it lacks.
public struct WrittenReport: Hashable, Sendable {
    public var path: String
    /// What the page that was there shows and this one does not, in words; the old page is still there then, and this
    /// one beside it.
    public var lacks: [String] = []

    /// One sentence for a person.
    public var description: String {
        guard !lacks.isEmpty else { return "Report: \(path)" }
        return "Report: \(path)\nThe report.html that was there has more and stays as it is: the new page lacks "
            + "\(lacks.joined(separator: ", ")). Name the folder of the plan's data by --data-root to have it all."
    }
}

/// `report.html`: the whole run in one file that needs no network.
public enum HTMLReport {
    /// Reads the run's records and writes `report.html` next to them, or `report-partial.html` where the page that is
    /// there shows more. What is gone (a checkpoint, the data) is named in its section and does not fail the report.
    /// - Parameters:
    ///   - root: the folder that the paths of the plan's data are relative to; nil: where the run was last started.
    ///   - other: folder of a run whose losses are drawn over this one's.
    @discardableResult
    public static func write(
        runFolder: String, root: String? = nil, against other: String? = nil
    ) throws -> WrittenReport {
        let folder = RunFolder(runFolder).path
        let page = try render(runFolder: runFolder, root: root, against: other, keeps: true)
        let path = "\(folder)/report.html"
        let earlier = (try? AtomicFile.read(path)).map { PageContents(html: String(decoding: $0, as: UTF8.self)) }
        let lacks = earlier.map { PageContents(html: page).lacks(from: $0) } ?? []
        let written = WrittenReport(path: lacks.isEmpty ? path : "\(folder)/report-partial.html", lacks: lacks)
        try AtomicFile.write(page, to: written.path)
        return written
    }

    /// The page's text.
    /// - Parameter keeps: whether what the page shows of the data is kept in the run's folder for later pages.
    public static func render(
        runFolder: String, root: String? = nil, against other: String? = nil, keeps: Bool = false
    ) throws -> String {
        let record = try RunRecord(RunFolder(runFolder))
        let comparison = try other.map { RunComparison(run: record, other: try RunRecord(RunFolder($0))) }
        let shown = ShownData(record.folder, keeps: keeps)
        let root = root ?? record.dataRoot
        let page = ReportPage(
            record: record, comparison: comparison,
            machine: "\(Machine.description()), by maws \(MawsVersion.number)",
            material: PageMaterial(record: record, root: root, shown: shown))
        return page.markup().html
    }
}
