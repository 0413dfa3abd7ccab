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

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        default: break
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
            return "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
        default: return String(Character(scalar))
        }
    }
}
