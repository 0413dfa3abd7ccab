import MawsDataTools
import MawsRecords

/// Copies and leaks, as text for a terminal.
package enum DuplicateTable {
    private static let rowsMax = 10

    package static func draw(_ found: Deduplication) -> String {
        var lines = [
            "\(Figure.count(found.sampleCount)) samples: \(Figure.count(found.copies.count)) are copies of an earlier "
                + "one, \(Figure.count(found.unreadable.count)) are unreadable"
        ]
        if found.evaluationCount > 0 {
            lines.append(
                "\(Figure.count(found.leaks.count)) look like one of the \(Figure.count(found.evaluationCount)) "
                    + "evaluation images")
        }
        let leaks = found.leaks.map { ["\($0.sample)", "looks like", "\($0.evaluation)", "\($0.distance)"] }
        let copies = found.copies.map { ["\($0.sample)", "is a copy of", "\($0.first)", ""] }
        for rows in [leaks, copies] where !rows.isEmpty {
            var table = TextTable(
                header: ["sample", "", "image", "bits"], alignments: [.left, .left, .left, .right])
            for row in rows.prefix(rowsMax) { table.add(row) }
            let more = rows.count - rowsMax
            lines.append("\n" + table.draw() + (more > 0 ? "\n… and \(Figure.count(more)) more" : ""))
        }
        return lines.joined(separator: "\n")
    }
}
