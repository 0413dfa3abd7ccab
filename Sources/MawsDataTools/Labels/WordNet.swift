import MawsData
import MawsDataFiles

/// The nouns of WordNet 3.0, read from the files of Debian's `wordnet-base` (wndb(5WN), morphy(7WN)).
///
/// A noun is looked up by its joined form, its letters and digits in lower case without anything between them, since
/// that is how a hashtag spells it: `golden_retriever` is `goldenretriever`. The synset of a noun is its most frequent
/// sense, the first that index.noun lists. Where several lemmas share a joined form, the one with more senses seen in
/// WordNet's tagged texts wins, then the one with fewer separators, then the first by name.
package struct WordNet: Sendable {
    /// Offset of a synset in data.noun, which is also the number of its ImageNet id.
    package typealias Synset = UInt32

    struct Noun {
        var lemma: String
        var synset: Synset
        var taggedSenses: Int
    }

    package static let debianFolder = "/usr/share/wordnet"
    private static let sizeMax = 1 << 28
    /// morphy(7WN): endings of regular plurals and what takes their place, in the order they are tried.
    private static let pluralRules = [
        ("s", ""), ("ses", "s"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"), ("men", "man"),
        ("ies", "y"),
    ]

    private let nouns: [String: Noun]
    /// Joined irregular plurals and their joined singulars.
    private let irregular: [String: String]
    private let data: InputFile

    /// - Parameter folder: holds index.noun, data.noun and noun.exc.
    package init(folder: String = WordNet.debianFolder) throws {
        do {
            nouns = try Self.index(folder + "/index.noun")
            irregular = try Self.exceptions(folder + "/noun.exc")
            data = try InputFile(path: folder + "/data.noun")
        } catch DataError.system(_, let path, _) {
            throw DataError.file(
                path: path,
                problem: "cannot be opened: install the Debian package wordnet-base, or name WordNet's dict folder")
        }
    }

    package var count: Int { nouns.count }

    /// The most frequent sense of a noun in singular or plural, by its joined form; nil for what is no noun.
    ///
    /// The form itself comes first, then its irregular singular, then the regular ones in morphy's order.
    package func synset(ofJoined form: String) -> Synset? {
        if let noun = nouns[form] { return noun.synset }
        if let singular = irregular[form] { return nouns[singular]?.synset }
        for (ending, replacement) in Self.pluralRules where form.utf8.count > ending.utf8.count + 1 {
            guard form.hasSuffix(ending) else { continue }
            if let noun = nouns[form.dropLast(ending.count) + replacement] { return noun.synset }
        }
        return nil
    }

    /// The words of a synset, the commonest first, blanks for underscores.
    package func words(of synset: Synset) throws -> [String] {
        let length = Int(min(1 << 14, data.size - min(data.size, UInt64(synset))))
        let line = String(
            decoding: try data.read(offset: UInt64(synset), count: length).prefix { $0 != 10 }, as: UTF8.self)
        let fields = line.split(separator: " ")
        // offset, lexicographer file, type, number of words in hexadecimal, then each word and its id.
        guard fields.count > 3, UInt32(fields[0]) == synset, let count = Int(fields[3], radix: 16),
            fields.count >= 4 + 2 * count
        else {
            throw DataError.file(path: data.path, problem: "has no synset at byte \(synset); it is not WordNet 3.0's")
        }
        return (0..<count).map { String(fields[4 + 2 * $0].map { $0 == "_" ? " " : $0 }) }
    }

    /// ImageNet's id of a synset: `n02099601`.
    package static func identifier(_ synset: Synset) -> String {
        let digits = String(synset)
        return "n" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }

    // MARK: Files

    private static func index(_ path: String) throws -> [String: Noun] {
        var nouns: [String: Noun] = [:]
        nouns.reserveCapacity(120_000)
        var number = 0
        for line in try InputFile.contents(path, limit: sizeMax).split(separator: 10, omittingEmptySubsequences: false)
        {
            number += 1
            if line.isEmpty || line.first == 32 { continue }
            let fields = line.split(separator: 32)
            guard let noun = noun(fields) else {
                throw DataError.line(file: path, line: number, problem: "is no line of WordNet's index.noun")
            }
            let form = HashtagText.joined(noun.lemma)
            if form.isEmpty { continue }
            if let other = nouns[form], !precedes(noun, other) { continue }
            nouns[form] = noun
        }
        guard !nouns.isEmpty else { throw DataError.file(path: path, problem: "holds no nouns") }
        return nouns
    }

    /// lemma, `n`, number of senses, number of pointer kinds, those kinds, number of senses, tagged senses, offsets.
    private static func noun(_ fields: [ArraySlice<UInt8>]) -> Noun? {
        guard fields.count > 3, let pointers = number(fields[3]), fields.count > 6 + pointers,
            let tagged = number(fields[5 + pointers]), let synset = number(fields[6 + pointers])
        else { return nil }
        return Noun(
            lemma: String(decoding: fields[0], as: UTF8.self), synset: Synset(truncatingIfNeeded: synset),
            taggedSenses: tagged)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        digits.count < 10 ? Int(String(decoding: digits, as: UTF8.self)) : nil
    }

    private static func precedes(_ a: Noun, _ b: Noun) -> Bool {
        (b.taggedSenses, a.lemma.utf8.count, a.lemma) < (a.taggedSenses, b.lemma.utf8.count, b.lemma)
    }

    private static func exceptions(_ path: String) throws -> [String: String] {
        var irregular: [String: String] = [:]
        for line in try InputFile.contents(path, limit: sizeMax).split(separator: 10) {
            let forms = line.split(separator: 32).map { HashtagText.joined(String(decoding: $0, as: UTF8.self)) }
            if forms.count >= 2, irregular[forms[0]] == nil { irregular[forms[0]] = forms[1] }
        }
        return irregular
    }
}
