import Foundation

/// What a report's page shows, as far as another page of the run can be compared with it: its sections, and how many
/// images and named rows are in each, and the evaluations' figures in its head.
package struct PageContents: Hashable {
    package struct Section: Hashable {
        package var id: String
        package var title: String
        package var imageCount: Int
        package var rowCount: Int
    }

    package let sections: [Section]
    /// Names of the figures above the sections.
    package let figures: [String]

    package init(html: String) {
        sections = html.components(separatedBy: "<section id=\"").dropFirst().map { text in
            Section(
                id: String(text.prefix { $0 != "\"" }),
                title: text.components(separatedBy: "<h2>").dropFirst().first.map { String($0.prefix { $0 != "<" }) }
                    ?? "",
                imageCount: text.components(separatedBy: "<img ").count - 1,
                rowCount: text.components(separatedBy: "<th scope=\"row\">").count - 1)
        }
        let head = html.components(separatedBy: "<section id=\"").first ?? ""
        figures = head.components(separatedBy: "<span class=\"name\">").dropFirst()
            .map { String($0.prefix { $0 != "<" }) }
    }

    /// What another page has and this one has not, in words. A comparison with another run is there when it is asked
    /// for, and does not count.
    package func lacks(from other: PageContents) -> [String] {
        let missing = other.figures.filter { !figures.contains($0) }.map { "the figure “\($0)”" }
        return missing + other.sections.filter { $0.id != "comparison" }.flatMap(lacks)
    }

    private func lacks(_ old: Section) -> [String] {
        guard let new = sections.first(where: { $0.id == old.id }) else { return ["the section “\(old.title)”"] }
        let counts = [("images", new.imageCount, old.imageCount), ("rows", new.rowCount, old.rowCount)]
        return counts.filter { $0.1 < $0.2 }.map { "\($0.2 - $0.1) of the \($0.2) \($0.0) of “\(old.title)”" }
    }
}
