/// Hashtags that stand in one text: `#dog #beach`, `dog, golden_retriever`, or a list as Python prints it,
/// `['dog', 'golden retriever']`.
enum HashtagList {
    /// Nil for a list in brackets that does not end as one.
    static func said(_ text: String) -> SaidHashtags? {
        let text = text.drop { $0.isWhitespace }
        guard let first = text.first, let close = brackets[first] else { return words(text) }
        let trimmed = text.reversed().drop { $0.isWhitespace }
        guard trimmed.first == close, trimmed.count > 1 else { return first == "[" ? nil : words(text) }
        let content = text.dropFirst().prefix(trimmed.count - 2)
        return content.contains { $0 == "'" || $0 == "\"" } ? quoted(content) : words(content)
    }

    private static let brackets: [Character: Character] = ["[": "]", "(": ")", "{": "}"]

    /// What Python prints in a list for what is no text.
    private static let missing: Set<Substring> = ["None", "nan", "NaN", "NaT", "<NA>", "True", "False", "inf", "-inf"]

    private static func words(_ text: Substring) -> SaidHashtags {
        SaidHashtags(tags: text.split { ",;|#＃".contains($0) || $0.isWhitespace }.map(String.init))
    }

    /// Texts in single or double quotes, with blanks, commas or nothing between them, as lists and numpy arrays have;
    /// numbers and what stands for nothing are skipped.
    private static func quoted(_ text: Substring) -> SaidHashtags? {
        var said = SaidHashtags(tags: [])
        var rest = text
        while let start = rest.firstIndex(where: { !$0.isWhitespace && $0 != "," }) {
            rest = rest[start...]
            if rest.first == "'" || rest.first == "\"" {
                guard let tag = quotedText(&rest) else { return nil }
                said.take(tag)
            } else {
                let word = rest.prefix { !$0.isWhitespace && $0 != "," }
                guard missing.contains(word) || Double(word) != nil else { return nil }
                said.remark(
                    Double(word)?.isFinite == true ? "a number among its hashtags" : "\(word) among its hashtags")
                rest = rest.dropFirst(word.count)
            }
        }
        return said
    }

    /// The text that begins with a quote, which `rest` then goes on behind; nil where it does not end.
    private static func quotedText(_ rest: inout Substring) -> String? {
        let quote = rest.removeFirst()
        var tag = ""
        var isEscaped = false
        while let character = rest.first, isEscaped || character != quote {
            isEscaped = character == "\\" && !isEscaped
            if !isEscaped { tag.append(character) }
            rest = rest.dropFirst()
        }
        guard rest.first == quote else { return nil }
        rest = rest.dropFirst()
        return tag
    }
}
