import MawsDataTools
import MawsFiles
import MawsRecords

/// What became of hashtags, as a page that needs no network.
package enum LabelPage {
    private static let labelsMax = 2000
    private static let hashtagsMax = 300

    /// - Parameter title: what the hashtags are of.
    package static func write(_ report: LabelReport, title: String, to path: String) throws {
        try AtomicFile.write(render(report, title: title), to: path)
    }

    package static func render(_ report: LabelReport, title: String) -> String {
        let chart = RankChart(kept: report.labels.map(\.sampleCount), rare: report.rare.map(\.sampleCount))
        let sentences = LabelTable.summary(report).split(separator: "\n").map(String.init)
        let header: Markup = """
            <header><h1>Labels of \(title)</h1>
            \(sentences.map { "<p class=\"lead\">\($0).</p>\n" as Markup })
            </header>
            """
        let main: Markup = """
            <section><h2>Frequencies</h2>
            \(chart.markup())\
            <p class="note">The first line are the labels of the vocabulary, the second those below \
            \(Figure.count(report.sampleCountMin)) samples, which are dropped.</p>
            </section>
            <section><h2>Labels</h2>
            \(table(["label", "samples", "words", "hashtags"], report.labels.prefix(labelsMax).map(row)))\
            \(more(report.labels.count - labelsMax))</section>
            <section><h2>Dropped hashtags</h2>
            \(table(["dropped because", "hashtags", "uses", "most used"], LabelTable.refusals(report)))\
            \(HashtagMapper.Refusal.allCases.map { dropped(report.refused($0), $0) })</section>

            """
        return Document(title: "Labels of \(title)", header: header, main: main).markup.html
    }

    private static func row(_ label: LabelReport.Label) -> [String] {
        [
            label.identifier, Figure.count(label.sampleCount), label.words.joined(separator: ", "),
            LabelTable.hashtags(label),
        ]
    }

    private static func table(_ titles: [String], _ rows: [[String]]) -> Markup {
        let body = rows.map { row -> Markup in
            "<tr><th scope=\"row\">\(row[0])</th>\(row[1...].map { "<td>\($0)</td>" as Markup })</tr>\n"
        }
        return """
            <div class="scroll"><table class="plain">
            <thead><tr>\(titles.map { "<th scope=\"col\">\($0)</th>" as Markup })</tr></thead>
            <tbody>
            \(body)</tbody></table></div>

            """
    }

    private static func more(_ count: Int) -> Markup {
        count > 0 ? "<p class=\"note\">… and \(Figure.count(count)) more in the vocabulary file.</p>\n" : ""
    }

    private static func dropped(_ hashtags: [LabelReport.Hashtag], _ reason: HashtagMapper.Refusal) -> Markup {
        guard !hashtags.isEmpty else { return "" }
        let names = hashtags.prefix(hashtagsMax).map { "#\($0.name) \(Figure.count($0.uses))" }
        return """
            <details><summary>\(reason.rawValue): the \(names.count) most used</summary>
            <p class="note">\(names.joined(separator: " · "))</p></details>

            """
    }
}
