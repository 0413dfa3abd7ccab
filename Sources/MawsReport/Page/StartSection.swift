import MawsRecords

/// When the run was started and gone on with, by which version and build, and where.
struct StartSection {
    static let startLimit = 20

    let starts: [RunStart]

    func markup() -> Markup {
        guard !starts.isEmpty else { return "" }
        let rows = starts.suffix(Self.startLimit).map { start -> Markup in
            let cells = ["maws \(start.version)", start.build, start.host, "\(start.term)"]
            return "<tr><th scope=\"row\">\(start.at)</th>\(cells.map { "<td>\($0)</td>" as Markup })</tr>\n"
        }
        let titles = ["started", "version", "build", "machine", "term"].map { "<th scope=\"col\">\($0)</th>" as Markup }
        let earlier = starts.count - rows.count
        let note: Markup = earlier > 0 ? "<p class=\"note\">\(earlier) earlier starts are in starts.jsonl.</p>\n" : ""
        return """
            <div class="scroll"><table class="plain">
            <thead><tr>\(titles)</tr></thead>
            <tbody>
            \(rows)</tbody>
            </table></div>
            \(note)
            """
    }
}
