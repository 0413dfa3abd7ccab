import MawsRecords

/// A line chart as inline SVG. Colours and type come from the page's style sheet, so that it follows light and dark.
struct LineChart {
    struct Line {
        /// Empty when the chart has one line and its title says all.
        var name: String
        var curve: Curve
        /// `raw`, `first` or `second`: how the style sheet draws it.
        var style: String
    }

    var title: String
    /// Behind the title, muted: `MB a step`.
    var unit: String = ""
    var lines: [Line]
    /// Whether the axis starts at 0 instead of near the lowest value.
    var startsAtZero = false
    var width = 480.0
    var height = 250.0

    private static let left = 46.0
    private static let right = 12.0
    private static let top = 34.0
    private static let bottom = 34.0

    /// Nil when there is no point to draw.
    func markup() -> Markup? {
        guard let frame = Frame(self) else { return nil }
        let label = unit.isEmpty ? title : "\(title), \(unit)"
        return """
            <svg class="chart" viewBox="0 0 \(width) \(height)" role="img" aria-label="\(label)">
            <text class="title" x="0" y="14">\(title)<tspan class="unit" dx="6">\(unit)</tspan></text>
            \(legend())\(frame.grid())\(lines.map { draw($0, in: frame) })\(frame.overflow())
            </svg>

            """
    }

    private func draw(_ line: Line, in frame: Frame) -> Markup {
        let points = frame.shown(line.curve.thinned(buckets: 400)).map(frame.place)
        guard points.count > 1 else {
            return
                "\(points.map { "<circle class=\"\(line.style)\" cx=\"\($0.x)\" cy=\"\($0.y)\" r=\"3\" />" as Markup })"
        }
        let path = points.map { "\(Figure.decimal($0.x, places: 1)),\(Figure.decimal($0.y, places: 1))" }
        return "<polyline class=\"\(line.style)\" points=\"\(path.joined(separator: " "))\" />\n"
    }

    /// Names of the lines at the top right, where there is more than one with a name.
    private func legend() -> Markup {
        let named = lines.filter { !$0.name.isEmpty }
        guard named.count > 1 else { return "" }
        var x = width - Self.right
        var entries: [Markup] = []
        for line in named.reversed() {
            let start = x - 7 * Double(line.name.count) - 18
            entries.append(
                """
                <line class="\(line.style)" x1="\(start)" y1="10" x2="\(start + 14)" y2="10" />\
                <text x="\(start + 18)" y="14">\(line.name)</text>
                """)
            x = start - 12
        }
        return "\(entries)"
    }

    /// Where the values lie on the page.
    private struct Frame {
        let chart: LineChart
        let x: ClosedRange<Double>
        let y: ClosedRange<Double>
        private let rows: AxisTicks
        /// The largest value, where it lies above the chart.
        private let above: Double?

        init?(_ chart: LineChart) {
            let points = chart.lines.flatMap(\.curve.points)
            guard let first = points.map(\.x).min(), let last = points.map(\.x).max() else { return nil }
            let low = points.map(\.y).min() ?? 0
            let high = Self.high(chart, low: low)
            let floor = chart.startsAtZero ? min(0, low) : low
            // A flat line gets some room above it.
            rows = AxisTicks(
                low: floor, high: max(high, floor + max(abs(floor) * 0.01, 1e-9)), count: 5, widens: true)
            self.chart = chart
            x = first...(last + 1)
            y = rows.range
            let highest = points.map(\.y).max() ?? 0
            above = highest > rows.range.upperBound ? highest : nil
        }

        /// A few wild raw values must not flatten the rest, nor the first steps of a stage, which fall from anywhere to
        /// where the rest goes on: they may leave the chart, which says how high they go.
        private static func high(_ chart: LineChart, low: Double) -> Double {
            let highs = chart.lines.map { line -> (all: Double, settled: Double) in
                let curve = line.curve
                let settled = Curve(Array(curve.points.dropFirst(curve.points.count / 10)))
                let share = line.style == "raw" ? 0.98 : 1
                return (curve.quantile(share) ?? low, settled.quantile(share) ?? low)
            }
            let (all, settled) = (highs.map(\.all).max() ?? low, highs.map(\.settled).max() ?? low)
            let floor = chart.startsAtZero ? min(0, low) : low
            return settled > floor && all - floor > 1.5 * (settled - floor) ? settled : all
        }

        /// Without the first points above the chart: the line comes in through its top.
        func shown(_ curve: Curve) -> ArraySlice<Curve.Point> {
            let first = curve.points.firstIndex { $0.y <= y.upperBound } ?? 0
            return curve.points.dropFirst(max(0, first - 1))
        }

        /// Says how high the values go that lie above the chart.
        func overflow() -> Markup {
            guard let above else { return "" }
            let text = "↑ up to \(Figure.significant(above, digits: 3))"
            return "<text class=\"tick\" x=\"\(left + 6)\" y=\"\(top + 12)\">\(text)</text>\n"
        }

        func place(_ point: Curve.Point) -> Curve.Point {
            let value = min(max(point.y, y.lowerBound), y.upperBound)
            return Curve.Point(
                x: left + (point.x - x.lowerBound) / (x.upperBound - x.lowerBound) * (chart.width - left - right),
                y: chart.height - bottom
                    - (value - y.lowerBound) / (y.upperBound - y.lowerBound) * (chart.height - top - bottom))
        }

        func grid() -> Markup {
            let base = chart.height - bottom
            let columns = AxisTicks(low: x.lowerBound, high: x.upperBound, count: 5, isWhole: true)
            let horizontal = zip(rows.values, rows.labels).map { value, label -> Markup in
                let y = place(Curve.Point(x: x.lowerBound, y: value)).y
                return """
                    <line class="grid" x1="\(left)" y1="\(y)" x2="\(chart.width - right)" y2="\(y)" />\
                    <text class="tick end" x="\(left - 6)" y="\(y + 4)">\(label)</text>

                    """
            }
            let vertical = zip(columns.values, columns.labels).map { value, label -> Markup in
                let x = place(Curve.Point(x: value, y: y.lowerBound)).x
                return """
                    <line class="axis" x1="\(x)" y1="\(base)" x2="\(x)" y2="\(base + 4)" />\
                    <text class="tick middle" x="\(x)" y="\(base + 18)">\(label)</text>

                    """
            }
            return """
                \(horizontal)<line class="axis" x1="\(left)" y1="\(base)" x2="\(chart.width - right)" y2="\(base)" />
                \(vertical)
                """
        }

        private var left: Double { LineChart.left }
        private var right: Double { LineChart.right }
        private var top: Double { LineChart.top }
        private var bottom: Double { LineChart.bottom }
    }
}
