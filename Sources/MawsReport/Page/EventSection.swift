import Foundation
import MawsRecords

/// What happened in a run besides its steps: starts, who came and went, warnings; from the coordinator's log.
struct EventSection {
    struct Event: Hashable {
        /// `2026-01-31 12:00:00`, universal time.
        var time: String
        var isWarning: Bool
        var text: String
    }

    /// More than this do not fit a page: the first and the last stand for all.
    private static let eventLimit = 120

    let events: [Event]

    /// - Parameter log: lines of `time level process message`; others belong to the line above them.
    init(log: String) {
        events = log.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ", maxSplits: 3)
            guard fields.count == 4, fields[0].hasSuffix("Z"), fields[0].count == 24 else { return nil }
            let time = fields[0].prefix(19).replacingOccurrences(of: "T", with: " ")
            let isWarning = ["warning", "error", "critical"].contains(fields[1])
            return Event(time: time, isWarning: isWarning, text: String(fields[3]))
        }
    }

    func markup() -> Markup {
        guard !events.isEmpty else { return "" }
        let half = Self.eventLimit / 2
        let (first, last) = events.count > Self.eventLimit ? (half, half) : (events.count, 0)
        let warnings = events.count(where: \.isWarning)
        let left = events.count - first - last
        let gap: Markup =
            left > 0
            ? "<tr><td></td><td class=\"muted\">… \(Figure.count(left)) more in logs/coordinator.log</td></tr>\n" : ""
        return """
            <details\(Markup(html: events.count <= 12 ? " open=\"open\"" : ""))><summary>\(Figure.count(events.count)) \
            lines of the coordinator's log, \(Figure.count(warnings)) of them warnings</summary>
            <table class="plain events"><tbody>
            \(events.prefix(first).map(row))\(gap)\(events.suffix(last).map(row))</tbody></table>
            </details>

            """
    }

    private func row(_ event: Event) -> Markup {
        let style = event.isWarning ? "warning" : ""
        return "<tr class=\"\(style)\"><td><time>\(event.time)</time></td><td>\(event.text)</td></tr>\n"
    }
}
