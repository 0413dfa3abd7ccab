import MawsRecords

/// The frequency curve of a vocabulary as inline SVG, both axes logarithmic; colours come from the page's style sheet.
struct RankChart {
    /// Samples of each label, descending: those of the vocabulary, then the rare ones.
    let kept: [Int]
    let rare: [Int]

    private static let width = 720.0
    private static let height = 360.0
    private static let left = 70.0
    private static let right = 12.0
    private static let top = 34.0
    private static let bottom = 40.0

    func markup() -> Markup {
        let all = kept + rare
        let down = RankCurve.decades(upTo: all.first ?? 1)
        let across = RankCurve.decades(upTo: all.count)
        return """
            <svg class="chart" viewBox="0 0 \(Self.width) \(Self.height)" role="img" aria-label="Samples of each label">
            <text class="title" x="0" y="14">Samples of each label<tspan class="unit" dx="6">by rank, both axes \
            logarithmic</tspan></text>
            \(rows(down))\(columns(across))
            \(line(all, kept.indices, "first", across, down))\
            \(line(all, all.indices[kept.count...], "second", across, down))
            </svg>

            """
    }

    private func x(_ rank: Int, _ decades: [Int]) -> Double {
        Self.left + RankCurve.share(rank, of: decades) * (Self.width - Self.left - Self.right)
    }

    private func y(_ count: Int, _ decades: [Int]) -> Double {
        Self.height - Self.bottom - RankCurve.share(count, of: decades) * (Self.height - Self.top - Self.bottom)
    }

    private func rows(_ decades: [Int]) -> [Markup] {
        decades.map { decade in
            let y = y(decade, decades)
            return """
                <line class="grid" x1="\(Self.left)" y1="\(y)" x2="\(Self.width - Self.right)" y2="\(y)" />\
                <text class="tick end" x="\(Self.left - 6)" y="\(y + 4)">\(Figure.count(decade))</text>

                """
        }
    }

    private func columns(_ decades: [Int]) -> [Markup] {
        let base = Self.height - Self.bottom
        return decades.map { decade in
            let x = x(decade, decades)
            return """
                <line class="axis" x1="\(x)" y1="\(base)" x2="\(x)" y2="\(base + 4)" />\
                <text class="tick middle" x="\(x)" y="\(base + 18)">\(Figure.count(decade))</text>

                """
        }
    }

    private func line(_ counts: [Int], _ part: Range<Int>, _ style: String, _ across: [Int], _ down: [Int]) -> Markup {
        let points = RankCurve(counts: counts).points.filter { part.contains($0.rank - 1) }.map { point in
            "\(Figure.decimal(x(point.rank, across), places: 1)),\(Figure.decimal(y(point.count, down), places: 1))"
        }
        return points.isEmpty ? "" : "<polyline class=\"\(style)\" points=\"\(points.joined(separator: " "))\" />\n"
    }
}
