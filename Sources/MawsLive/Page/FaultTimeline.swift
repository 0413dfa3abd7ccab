import MawsRecords
import MawsReport

/// When faults happened, a lane for each process and link that had one, above the commits a second.
struct FaultTimeline {
    private static let width = 1000.0
    private static let left = 170.0
    private static let laneHeight = 18.0
    private static let rateHeight = 90.0
    private let record: LiveRecord
    private let lanes: [String]

    init(_ record: LiveRecord) {
        self.record = record
        lanes = Set(record.faults.map(\.target)).sorted()
    }

    var markup: Markup {
        let lanesHeight = Self.laneHeight * Double(lanes.count)
        let height = lanesHeight + Self.rateHeight + 30
        return """
            <svg class="chart" viewBox="0 0 \(Self.width) \(height)" role="img" aria-label="faults and commits by time">
            \(lanes.indices.map(lane))\(record.faults.map(bar))\(rate(below: lanesHeight + 8))
            <text x="\(Self.left)" y="\(height - 4)">0 s</text>
            <text class="end" x="\(Self.width)" y="\(height - 4)">\(Figure.duration(record.seconds))</text>
            </svg>

            """
    }

    private func x(_ seconds: Double) -> Double {
        Self.left + (Self.width - Self.left) * min(1, max(0, seconds / max(record.seconds, 1e-9)))
    }

    private func lane(_ index: Int) -> Markup {
        let y = Self.laneHeight * (Double(index) + 0.5)
        return """
            <line class="grid" x1="\(Self.left)" x2="\(Self.width)" y1="\(y)" y2="\(y)" />\
            <text class="end" x="\(Self.left - 8)" y="\(y + 4)">\(lanes[index])</text>

            """
    }

    private func bar(_ fault: LiveRecord.FaultRecord) -> Markup {
        let (start, end) = (x(fault.begin), x(fault.end + fault.stalledSeconds))
        let y = Self.laneHeight * Double(lanes.firstIndex(of: fault.target) ?? 0) + 4
        let stalled = "stalled \(Figure.decimal(fault.stalledSeconds, places: 1)) s"
        return """
            <rect x="\(start)" y="\(y)" width="\(max(2, end - start))" height="\(Self.laneHeight - 8)" \
            fill="var(--second)" opacity="0.75"><title>\(fault.number): \(fault.kind.rawValue) \(fault.note), \
            \(stalled)</title></rect>

            """
    }

    /// Commits a second in a hundred pieces of the run.
    private func rate(below top: Double) -> Markup {
        guard record.seconds > 0, !record.commits.isEmpty else { return "" }
        var counts = Array(repeating: 0, count: 100)
        for commit in record.commits {
            counts[min(99, max(0, Int(100 * commit.seconds / record.seconds)))] += 1
        }
        let highest = Double(counts.max() ?? 1)
        let points = counts.enumerated().map { index, count in
            let y = top + Self.rateHeight * (1 - Double(count) / highest)
            return "\(Figure.decimal(x(record.seconds * (Double(index) + 0.5) / 100), places: 1)),"
                + Figure.decimal(y, places: 1)
        }
        let most = Figure.decimal(100 * highest / record.seconds, places: 1)
        return """
            <polyline class="first" points="\(points.joined(separator: " "))" />\
            <text class="end" x="\(Self.left - 8)" y="\(top + 12)">\(most) commits/s</text>

            """
    }
}
