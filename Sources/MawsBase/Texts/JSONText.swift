/// Texts within JSON documents that are written by hand, because their bytes must not change with a library.
package enum JSONText {
    /// The text as a JSON string, with its quotes.
    package static func quoted(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "\"") { quoted, scalar in
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "\0"..."\u{1F}": quoted += escaped(scalar)
            default: quoted.unicodeScalars.append(scalar)
            }
        } + "\""
    }

    /// `\u001b`; two of them where a scalar takes two units of UTF-16.
    static func escaped(_ scalar: Unicode.Scalar) -> String {
        scalar.utf16.reduce(into: "") { text, unit in
            let digits = String(unit, radix: 16)
            text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
    }
}
