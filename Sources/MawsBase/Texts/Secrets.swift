/// Takes secrets out of texts before people, logs and files see them.
///
/// What may be a secret: the user information and the query of a web address (`http://user:password@host/a?sig=…`),
/// and in a `pipe:` command the values of words such as `token=…`, `--password …`, `Bearer …`. A value that begins
/// with `$` is a name in the environment of the machine that runs the command, and stays.
package enum Secrets {
    package static let mark = "***"

    /// The text without secrets; the same text where it has none.
    package static func hidden(in text: String) -> String {
        guard text.contains("://") || text.contains("pipe:") else { return text }
        return text.split(separator: "\n", omittingEmptySubsequences: false).map(hiddenLine).joined(separator: "\n")
    }

    private static func hiddenLine(_ text: Substring) -> String {
        var shown = ""
        var rest = text
        while let place = rest.range(ofSeparator: "://") {
            shown += rest[..<place.upperBound]
            rest = rest[place.upperBound...]
            let address = rest.prefix { !isEnd($0) }
            shown += hiddenAddress(address)
            rest = rest[address.endIndex...]
        }
        shown += rest
        guard let pipe = shown[...].range(ofSeparator: "pipe:") else { return shown }
        return shown[..<pipe.upperBound] + hiddenWords(shown[pipe.upperBound...])
    }

    /// Whether a web address names a user or a password, in front of its host.
    package static func hasUserInformation(_ address: String) -> Bool {
        guard let place = address[...].range(ofSeparator: "://") else { return false }
        return userInformation(address[place.upperBound...]) != nil
    }

    /// What lies between `://` and the next space, quote or bracket.
    private static func hiddenAddress(_ address: Substring) -> String {
        var shown = ""
        var rest = address
        if let user = userInformation(rest) {
            shown = mark + "@"
            rest = rest[user.endIndex...].dropFirst()
        }
        guard let query = rest.firstIndex(where: { $0 == "?" || $0 == "#" }) else { return shown + rest }
        var fields = rest[rest.index(after: query)...]
        let tail = String(fields.reversed().prefix { ",;:.".contains($0) }.reversed())
        fields = fields.dropLast(tail.count)
        shown += rest[...query]
        let hidden = fields.split(separator: "&", omittingEmptySubsequences: false).map(hiddenField)
        return shown + hidden.joined(separator: "&") + tail
    }

    /// `sig=***`; a query without a name is hidden whole.
    private static func hiddenField(_ field: Substring) -> String {
        guard let equals = field.firstIndex(of: "=") else { return field.isEmpty ? "" : mark }
        return field[...equals] + mark
    }

    /// What stands before the last `@` of the part that names the host. A password with a slash in it ends that part
    /// too early: what looks like a port and is no number is no port.
    private static func userInformation(_ address: Substring) -> Substring? {
        let authority = address.prefix { !"/?#".contains($0) }
        if let at = authority.lastIndex(of: "@") { return authority[..<at] }
        guard !authority.hasPrefix("["), let colon = authority.lastIndex(of: ":"),
            !authority[authority.index(after: colon)...].utf8.allSatisfy({ 48...57 ~= $0 }),
            let at = address.lastIndex(of: "@")
        else { return nil }
        return address[..<at]
    }

    private static func isEnd(_ character: Character) -> Bool {
        character.isWhitespace || "\"'`<>\\|".contains(character)
    }

    // MARK: - Commands

    private static let names = [
        "password", "passwd", "secret", "token", "apikey", "api_key", "api-key", "access_key", "credential",
        "signature", "authorization",
    ]
    /// Words whose next word is a secret.
    private static let heralds = ["bearer", "basic", "-u", "--user", "--proxy-user"]

    /// Words lie between spaces and quotes.
    private static func hiddenWords(_ command: Substring) -> String {
        var shown = ""
        var rest = command
        var isSecret = false
        while !rest.isEmpty {
            let word = rest.prefix { !isBetweenWords($0) }
            if !word.isEmpty {
                let isHerald = heralds.contains(word.lowercased())
                let (text, announces) = isSecret && !isHerald ? (hiddenValue(word), false) : hiddenWord(word)
                shown += text
                isSecret = announces || isHerald
            }
            rest = rest[word.endIndex...]
            let gap = rest.prefix(while: isBetweenWords)
            shown += gap
            rest = rest[gap.endIndex...]
        }
        return shown
    }

    private static func isBetweenWords(_ character: Character) -> Bool {
        character.isWhitespace || "\"'".contains(character)
    }

    /// The word as it may be shown, and whether the next one is a secret.
    private static func hiddenWord(_ word: Substring) -> (String, Bool) {
        let lower = word.lowercased()
        guard !lower.contains("://"), names.contains(where: lower.contains) else { return (String(word), false) }
        guard let place = word.firstIndex(where: { $0 == "=" || $0 == ":" }) else {
            return (String(word), word.hasPrefix("-"))
        }
        let value = word[word.index(after: place)...]
        return (word[...place] + hiddenValue(value), value.isEmpty)
    }

    private static func hiddenValue(_ value: Substring) -> String {
        value.isEmpty || value.hasPrefix("$") || value.hasPrefix(mark) ? String(value) : mark
    }
}

extension Substring {
    /// Where `separator` stands for the first time.
    fileprivate func range(ofSeparator separator: String) -> Range<Index>? {
        var place = startIndex
        while place < endIndex {
            if self[place...].hasPrefix(separator) { return place..<index(place, offsetBy: separator.count) }
            place = index(after: place)
        }
        return nil
    }
}
