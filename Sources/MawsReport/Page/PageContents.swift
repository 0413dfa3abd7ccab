import Foundation

/// What a report's page shows, as far as another page of the run can be compared with it: its sections, and how many
/// images are in each.
package struct PageContents: Hashable {
    package struct Section: Hashable {
        package var id: String
        package var title: String
        package var imageCount: Int
    }

    package let sections: [Section]

    package init(html: String) {
        sections = html.components(separatedBy: "<section id=\"").dropFirst().map { text in
            Section(
                id: String(text.prefix { $0 != "\"" }),
                title: text.components(separatedBy: "<h2>").dropFirst().first.map { String($0.prefix { $0 != "<" }) }
                    ?? "",
                imageCount: text.components(separatedBy: "<img ").count - 1)
        }
    }

    /// What another page has and this one has not, in words. A comparison with another run is there when it is asked
    /// for, and does not count.
    package func lacks(from other: PageContents) -> [String] {
        other.sections.filter { $0.id != "comparison" }.compactMap { old in
            guard let new = sections.first(where: { $0.id == old.id }) else { return "the section “\(old.title)”" }
            guard new.imageCount < old.imageCount else { return nil }
            return "\(old.imageCount - new.imageCount) of the \(old.imageCount) images of “\(old.title)”"
        }
    }
}
