import MawsBase

/// Rows of cells, set in columns of equal width for a terminal.
struct TextTable {
    enum Alignment {
        case left
        case right
    }

    private let alignments: [Alignment]
    private var rows: [[String]]
    /// Numbers of the rows that a rule is drawn above.
    private var rules: [Int] = []

    init(header: [String], alignments: [Alignment]) {
        precondition(header.count == alignments.count)
        self.alignments = alignments
        rows = [header]
        rules = [1]
    }

    mutating func add(_ row: [String]) {
        precondition(row.count == alignments.count)
        // A cell is of one line, whatever is called so.
        rows.append(row.map { PlainText.line($0, charactersMax: .max) })
    }

    mutating func addRule() { rules.append(rows.count) }

    /// One line a row, without trailing spaces.
    func draw() -> String {
        let widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "  ")
        var lines: [String] = []
        for (number, row) in rows.enumerated() {
            if rules.contains(number) { lines.append(rule) }
            let cells = row.indices.map { pad(row[$0], to: widths[$0], alignments[$0]) }
            lines.append(cells.joined(separator: "  ").trimmingTrailingSpaces())
        }
        return lines.joined(separator: "\n")
    }

    private func pad(_ text: String, to width: Int, _ alignment: Alignment) -> String {
        let space = String(repeating: " ", count: width - text.count)
        return alignment == .left ? text + space : space + text
    }
}

extension String {
    func trimmingTrailingSpaces() -> String {
        var end = endIndex
        while end > startIndex, self[index(before: end)] == " " { end = index(before: end) }
        return String(self[..<end])
    }
}
