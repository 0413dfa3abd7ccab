/// Texts that came from elsewhere, made fit for a log or a terminal.
package enum PlainText {
    /// Characters of a peer's text that are kept.
    package static let peerCharactersMax = 400

    /// The text on one line, its control codes and invisible marks written out as `\n` or `\u{1B}`, so that it can
    /// neither begin a line of its own nor move a cursor; cut after so many characters, which is said.
    package static func line(_ text: String, charactersMax: Int = peerCharactersMax) -> String {
        let head = text.unicodeScalars.prefix(charactersMax)
        let more = text.unicodeScalars.dropFirst(charactersMax).count
        let shown = head.reduce(into: "") { $0 += escaped($1) }
        return more == 0 ? shown : "\(shown)… (\(more) more)"
    }

    /// The same of a text of several lines, which stay, as tabs do, and of any length.
    package static func lines(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isMark) else { return text }
        return text.unicodeScalars.reduce(into: "") { $0 += $1 == "\n" || $1 == "\t" ? String($1) : escaped($1) }
    }

    /// A JSON document that says the same without control codes and invisible marks within its texts.
    package static func json(_ document: String) -> String {
        guard document.unicodeScalars.contains(where: isMark) else { return document }
        return document.unicodeScalars.reduce(into: "") { text, scalar in
            // Below U+007F those of a document stand between its values.
            if scalar.value < 0x7F || !isMark(scalar) { return text.unicodeScalars.append(scalar) }
            text += JSONText.escaped(scalar)
        }
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        default: break
        }
        guard isMark(scalar) else { return String(Character(scalar)) }
        return "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
    }

    /// Whether a scalar is a control code, or shows nothing by itself.
    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        if (" "..."~").contains(scalar) { return false }
        // Letters are joined or kept apart by these in Persian and in languages of India, and emoji by one of them.
        if scalar == "\u{200C}" || scalar == "\u{200D}" { return false }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: return true
        default: return false
        }
    }
}
