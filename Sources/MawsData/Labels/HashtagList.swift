/// Hashtags that stand in one text: `#dog #beach`, `dog, golden_retriever`, or a list as Python prints it,
/// `['dog', 'golden retriever']`.
enum HashtagList {
    /// As they are written; nil for a list in brackets that does not end as one.
    static func tags(_ text: String) -> [String]? {
        let text = text.drop { $0.isWhitespace }
        guard let first = text.first, let close = brackets[first] else { return words(text) }
        let trimmed = text.reversed().drop { $0.isWhitespace }
        guard trimmed.first == close, trimmed.count > 1 else { return first == "[" ? nil : words(text) }
        let content = text.dropFirst().prefix(trimmed.count - 2)
        return content.contains { $0 == "'" || $0 == "\"" } ? quoted(content) : words(content)
    }

    private static let brackets: [Character: Character] = ["[": "]", "(": ")", "{": "}"]

    private static func words(_ text: Substring) -> [String] {
        text.split { ",;|#＃".contains($0) || $0.isWhitespace }.map(String.init)
    }

    /// Texts in single or double quotes, with blanks, commas or nothing between them, as lists and numpy arrays have.
    private static func quoted(_ text: Substring) -> [String]? {
        var tags: [String] = []
        var rest = text
        while let start = rest.firstIndex(where: { !$0.isWhitespace && $0 != "," }) {
            let quote = rest[start]
            guard quote == "'" || quote == "\"" else { return nil }
            var tag = ""
            var isEscaped = false
            rest = rest[rest.index(after: start)...]
            while let character = rest.first, isEscaped || character != quote {
                isEscaped = character == "\\" && !isEscaped
                if !isEscaped { tag.append(character) }
                rest = rest.dropFirst()
            }
            guard rest.first == quote else { return nil }
            rest = rest.dropFirst()
            tags.append(tag)
        }
        return tags
    }
}
