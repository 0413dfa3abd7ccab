import Foundation
import MawsBase
import MawsFiles
import MawsRecords

/// A page that was written, and what it lacks.
package struct WrittenReport: Hashable, Sendable {
    package var path: String
    /// What the page that was there shows and this one does not, in words; the old page is still there then, and this
    /// one beside it.
    package var lacks: [String] = []
    /// A sentence for each thing in the run's folder that is not as the run left it; they are on the page, too.
    package var damage: [String] = []
    /// Whether the page that was there stays as it is.
    package var isBeside = false

    /// For a person.
    package var description: String {
        var lines = ["Report: \(path)"]
        if !lacks.isEmpty {
            lines.append(
                "The report.html that was there has more and stays as it is: the new page lacks "
                    + "\(lacks.joined(separator: ", ")). Name the folder of the plan's data by --data-root to have "
                    + "it all."
            )
        } else if isBeside {
            lines.append("The report.html that was there is of undamaged records and stays as it is.")
        }
        return (lines + damage).joined(separator: "\n")
    }
}

/// `report.html`: the whole run in one file that needs no network.
package enum HTMLReport {
    /// Reads the run's records and writes `report.html` next to them, or `report-partial.html` where the page that is
    /// there shows more. What is gone (a checkpoint, the data) is named in its section and does not fail the report.
    /// - Parameters:
    ///   - root: the folder that the paths of the plan's data are relative to; nil: where the run was last started.
    ///   - other: folder of a run whose losses are drawn over this one's.
    @discardableResult
    package static func write(
        runFolder: String, root: String? = nil, against other: String? = nil
    ) throws -> WrittenReport {
        let folder = RunFolder(runFolder).path
        let record = try RunRecord(RunFolder(runFolder))
        let page = try render(record, root: root, against: other, keeps: true)
        let path = "\(folder)/report.html"
        let earlier = (try? AtomicFile.read(path)).map { String(decoding: $0, as: UTF8.self) }
        let lacks = earlier.map { PageContents(html: page).lacks(from: PageContents(html: $0)) } ?? []
        // A page that said the same of the run's records is no better than this one.
        let earlierLacksDamage = record.damage.contains { sentence in
            earlier.map { !$0.contains(("\(sentence)" as Markup).html) } ?? false
        }
        let isBeside = !lacks.isEmpty || earlierLacksDamage
        let written = WrittenReport(
            path: isBeside ? "\(folder)/report-partial.html" : path, lacks: lacks, damage: record.damage,
            isBeside: isBeside)
        try AtomicFile.write(page, to: written.path)
        return written
    }

    /// The page's text.
    /// - Parameter keeps: whether what the page shows of the data is kept in the run's folder for later pages.
    package static func render(
        runFolder: String, root: String? = nil, against other: String? = nil, keeps: Bool = false
    ) throws -> String {
        try render(RunRecord(RunFolder(runFolder)), root: root, against: other, keeps: keeps)
    }

    private static func render(
        _ record: RunRecord, root: String?, against other: String?, keeps: Bool
    ) throws -> String {
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
