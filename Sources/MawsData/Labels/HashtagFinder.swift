/// Finds the hashtags that people write in captions.
///
/// The rule is that of Unicode's annex 31 (hashtag identifiers) and twitter-text, with Instagram's tags in a row:
///
/// - A hashtag is a sign, `#`, `＃` or `﹟`, and the word behind it: letters, marks, digits and underscores of any
///   script. Signs such as the middle dot of Catalan (`col·lecció`), the zero-width non-joiner of Persian or the
///   gershayim of Hebrew belong to it between two of these. Apostrophes, hyphens and emoji end it. A letter must be in
///   it: `#1` is none.
/// - The sign begins the text or stands behind what is no part of a word: `item#dog` and `C#` hold none, and neither
///   does `&#39;`. Hashtags in a row, `#dog#cat`, are two.
/// - Web addresses hold none: from `scheme://`, `www.` or `example.org/` up to the next blank.
struct HashtagFinder {
    private let scalars: [Unicode.Scalar]
    /// In order, as they are written, without the sign.
    private(set) var found: [String] = []

    init(_ text: String) {
        scalars = Array(text.unicodeScalars)
        var start = 0
        while start < scalars.count {
            var end = start
            while end < scalars.count, !Self.endsToken(scalars[end]) { end += 1 }
            if scalars[start..<end].contains(where: Self.isSign) { search(start..<end) }
            start = end + 1
        }
    }

    /// False where a glance at the bytes shows that there is none.
    static func mayFind(in text: String) -> Bool {
        text.utf8.contains { $0 == UInt8(ascii: "#") || $0 == 0xEF }
    }

    /// - Parameter token: indices between blanks.
    private mutating func search(_ token: Range<Int>) {
        let end = addressStart(token)
        var previousEnd = -1
        for sign in token.lowerBound..<end where Self.isSign(scalars[sign]) {
            let isInsideWord = sign > token.lowerBound && sign != previousEnd && Self.hinders(scalars[sign - 1])
            let wordEnd = wordEnd(from: sign + 1, to: token.upperBound)
            let word = scalars[(sign + 1)..<wordEnd]
            guard !isInsideWord, wordEnd <= end, word.contains(where: Self.isLetter) else { continue }
            found.append(String(String.UnicodeScalarView(word)))
            previousEnd = wordEnd
        }
    }

    private func wordEnd(from start: Int, to limit: Int) -> Int {
        var end = start
        while end < limit {
            var next = end
            if end > start { while next < limit, Self.isMedial(scalars[next]) { next += 1 } }
            guard next < limit, Self.isOfWord(scalars[next]) else { break }
            end = next + 1
        }
        return end
    }

    /// Where a web address begins in a token; its end where there is none.
    private func addressStart(_ token: Range<Int>) -> Int {
        for index in token where scalars[index] == ":" && scalars[index...].starts(with: "://".unicodeScalars) {
            var start = index
            while start > token.lowerBound, Self.isOfHost(scalars[start - 1]) { start -= 1 }
            if start < index { return start }
        }
        guard let start = token.first(where: { Self.isOfHost(scalars[$0]) }),
            !scalars[token.lowerBound..<start].contains(where: Self.isSign)
        else { return token.upperBound }
        let host = scalars[start..<token.upperBound].prefix(while: Self.isOfHost)
        let isWeb = String(String.UnicodeScalarView(host.prefix(4))).lowercased() == "www."
        let isFollowedByPath = host.endIndex < token.upperBound && scalars[host.endIndex] == "/"
        return isWeb || isFollowedByPath && host.dropFirst().dropLast().contains(".") ? start : token.upperBound
    }

    private static func isSign(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "#" || scalar == "\u{FF03}" || scalar == "\u{FE5F}"
    }

    private static func endsToken(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "<" || scalar == ">" || scalar == "\"" || scalar.properties.isWhitespace
    }

    /// ASCII letters, digits, and what else schemes and host names have.
    private static func isOfHost(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", ".", "-", "+": true
        default: false
        }
    }

    private static func hinders(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "&" || isOfWord(scalar) || isMedial(scalar)
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }

    private static func isOfWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        // Variation selectors are marks too, but follow emoji.
        case .nonspacingMark, .spacingMark: !(0xFE00...0xFE0F).contains(scalar.value)
        case .decimalNumber, .letterNumber: true
        case .connectorPunctuation: scalar == "_" || scalar == "\u{FF3F}"
        default: isLetter(scalar)
        }
    }

    /// What belongs to a word between two of its letters.
    private static func isMedial(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0xB7, 0x200C, 0x200D, 0x058A, 0x05BE, 0x05F3, 0x05F4, 0x0F0B, 0x0F0C, 0x301C, 0x3003, 0x309B, 0x309C,
            0x30A0, 0x30FB, 0xA67E, 0xFF5E:
            true
        default: false
        }
    }
}
