import MawsRecords

/// The frequency curve of a vocabulary in characters, both axes logarithmic, for a terminal.
package enum RankPlot {
    private static let rows = 12
    private static let columns = 60
    private static let blocks: [Character] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

    /// - Parameter counts: samples of each label, descending.
    package static func draw(counts: [Int]) -> String {
        guard let most = counts.first else { return "" }
        let down = RankCurve.decades(upTo: most)
        let across = RankCurve.decades(upTo: counts.count)
        let heights = (0..<columns).map { column -> Double in
            let rank = rank(atShare: (Double(column) + 0.5) / Double(columns), of: across)
            guard rank <= counts.count else { return 0 }
            return max(RankCurve.share(counts[rank - 1], of: down), 0.1 / Double(rows))
        }
        let lines = (0..<rows).map { row -> String in
            let level = rows - 1 - row
            let bars = heights.map { height -> Character in
                let eighths = (height * Double(rows) - Double(level)) * 8
                return blocks[max(0, min(8, Int(eighths.rounded(.up))))]
            }
            return label(level: level, down) + " ┤" + String(bars)
        }
        return (lines + [axis(across)]).joined(separator: "\n")
    }

    private static func rank(atShare share: Double, of decades: [Int]) -> Int {
        var rank = 1
        // The last rank whose own share is not beyond this one; ranks double, then go up one by one.
        while RankCurve.share(rank * 2, of: decades) <= share { rank *= 2 }
        var step = rank
        while step > 1 {
            step = (step + 1) / 2
            if RankCurve.share(rank + step, of: decades) <= share { rank += step }
        }
        return rank
    }

    /// The power of ten that begins at this level, if any.
    private static func label(level: Int, _ decades: [Int]) -> String {
        let found = decades.indices.first { Int(RankCurve.share(decades[$0], of: decades) * Double(rows)) == level }
        let text = found.map { Figure.count(decades[$0]) } ?? ""
        return String(repeating: " ", count: max(0, 11 - text.count)) + text
    }

    private static func axis(_ decades: [Int]) -> String {
        var line = [Character](repeating: " ", count: columns + 12)
        for decade in decades {
            let start = Int(RankCurve.share(decade, of: decades) * Double(columns))
            for (offset, character) in Figure.count(decade).enumerated() where start + offset < line.count {
                line[start + offset] = character
            }
        }
        return String(repeating: " ", count: 11) + " └" + String(repeating: "─", count: columns) + "\n"
            + String(repeating: " ", count: 13) + String(line).trimmingTrailingSpaces()
    }
}
