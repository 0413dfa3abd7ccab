import Foundation

/// One spelling for hashtags that mean the same.
package enum HashtagText {
    /// Unicode NFKC, lower case, without `#` and white space: `＃ＯＯＴＤ`, `#OOTD` and `ootd` are the same hashtag.
    package static func normalized(_ tag: String) -> String {
        if isPlain(tag) { return tag }
        return tag.precomposedStringWithCompatibilityMapping.lowercased().filter { $0 != "#" && !$0.isWhitespace }
    }

    /// Hashtags in order, each once, empty ones left out.
    static func distinct(_ tags: [String]) -> [String] {
        var seen: Set<String> = []
        return tags.filter { !$0.isEmpty && seen.insert($0).inserted }
    }

    /// Letters and digits alone, without accents: what WordNet's lemmas and hashtags are compared by.
    /// `golden_retriever`, `Golden-Retriever` and `goldenretriever` are the same, and so are `café` and `cafe`.
    package static func joined(_ tag: String) -> String {
        let bytes = tag.utf8
        if bytes.allSatisfy(isLowerOrDigit) { return tag }
        if bytes.allSatisfy({ $0 < 128 }) {
            return String(decoding: bytes.lazy.compactMap(lowerOrDigit), as: UTF8.self)
        }
        let plain = tag.decomposedStringWithCompatibilityMapping.lowercased().unicodeScalars.filter {
            $0.properties.isAlphabetic || $0.properties.numericType != nil
        }
        return String(String.UnicodeScalarView(plain))
    }

    /// The parts of a hashtag between what is neither letter nor digit, each joined.
    package static func parts(_ tag: String) -> [String] {
        tag.split { !$0.isLetter && !$0.isNumber }.map { joined(String($0)) }.filter { !$0.isEmpty }
    }

    /// Whether nothing of it would change: lower-case ASCII without `#` and blanks.
    private static func isPlain(_ tag: String) -> Bool {
        tag.utf8.allSatisfy { $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "#") && !(65...90).contains($0) }
    }

    private static func isLowerOrDigit(_ byte: UInt8) -> Bool { (97...122).contains(byte) || (48...57).contains(byte) }

    private static func lowerOrDigit(_ byte: UInt8) -> UInt8? {
        isLowerOrDigit(byte) ? byte : (65...90).contains(byte) ? byte + 32 : nil
    }
}
