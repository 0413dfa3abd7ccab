import MawsDataTools
import MawsRecords

/// What became of hashtags, as text for a terminal.
package enum LabelTable {
    private static let examples = 6

    package static func draw(_ report: LabelReport) -> String {
        var parts = [summary(report)]
        if !report.labels.isEmpty { parts.append(labels(report)) }
        if let refused = refused(report) { parts.append(refused) }
        let counts = (report.labels + report.rare).map(\.sampleCount)
        if !counts.isEmpty {
            parts.append("samples of a label by its rank, both axes logarithmic\n\n" + RankPlot.draw(counts: counts))
        }
        return parts.joined(separator: "\n\n")
    }

    /// Sentences that say what the data set is and what is left of it.
    static func summary(_ report: LabelReport) -> String {
        let share = Double(report.labelledCount) / Double(max(1, report.sampleCount))
        let nouns = report.labels.count + report.rare.count
        var lines = [
            "\(Figure.count(report.sampleCount)) samples, \(Figure.percent(share)) of them with a label; "
                + "\(Figure.count(report.hashtagCount)) different hashtags in \(Figure.count(report.useCount)) uses",
            "\(Figure.count(report.mapped.count)) hashtags mean \(Figure.count(nouns)) "
                + "nouns of WordNet: \(Figure.count(report.labels.count)) labels have at least "
                + "\(Figure.count(report.sampleCountMin)) samples, \(Figure.count(report.rare.count)) are rare",
        ]
        if report.undercountMax > 0 {
            lines.append(
                "there were too many different hashtags to hold: rare ones were forgotten, and a hashtag's count may "
                    + "be up to \(Figure.count(report.undercountMax)) too low (a label's is exact)")
        }
        return lines.joined(separator: "\n")
    }

    private static func labels(_ report: LabelReport) -> String {
        var table = TextTable(
            header: ["label", "samples", "words", "hashtags"], alignments: [.left, .right, .left, .left])
        for label in report.labels.prefix(20) {
            table.add([
                label.identifier, Figure.count(label.sampleCount), label.words.prefix(3).joined(separator: ", "),
                hashtags(label),
            ])
        }
        let more = report.labels.count - 20
        return table.draw() + (more > 0 ? "\n… and \(Figure.count(more)) more" : "")
    }

    static func hashtags(_ label: LabelReport.Label) -> String {
        let more = label.hashtags.count - examples
        return label.hashtags.prefix(examples).map { "#" + $0 }.joined(separator: " ") + (more > 0 ? " +\(more)" : "")
    }

    /// Nil where every hashtag became a label.
    private static func refused(_ report: LabelReport) -> String? {
        var table = TextTable(
            header: ["dropped because", "hashtags", "uses", "most used"], alignments: [.left, .right, .right, .left])
        for row in refusals(report) { table.add(row) }
        return refusals(report).isEmpty ? nil : table.draw()
    }

    /// Reason, hashtags, uses, examples of each kind of hashtag that is no label.
    static func refusals(_ report: LabelReport) -> [[String]] {
        var rows = HashtagMapper.Refusal.allCases.compactMap { reason -> [String]? in
            let hashtags = report.refused(reason)
            guard !hashtags.isEmpty else { return nil }
            return [
                reason.rawValue, Figure.count(hashtags.count), Figure.count(hashtags.reduce(0) { $0 + $1.uses }),
                hashtags.prefix(examples).map { "#\($0.name) \(Figure.count($0.uses))" }.joined(separator: "  "),
            ]
        }
        if !report.rare.isEmpty {
            rows.append([
                "label with fewer than \(Figure.count(report.sampleCountMin)) samples",
                Figure.count(Set(report.rare.flatMap(\.hashtags)).count),
                Figure.count(report.rare.reduce(0) { $0 + $1.sampleCount }),
                report.rare.prefix(examples).map { "\($0.words[0]) \(Figure.count($0.sampleCount))" }
                    .joined(separator: "  "),
            ])
        }
        return rows
    }
}
