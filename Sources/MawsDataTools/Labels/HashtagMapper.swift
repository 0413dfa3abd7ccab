import MawsData

/// Which noun synsets of WordNet a hashtag means, as a pure function of the hashtag.
///
/// Mahajan et al. (ECCV 2018) and Singh et al. (SWAG, CVPR 2022) keep a hashtag that is a synonym in a noun synset and
/// replace it by that synset, so that synonyms become one label. The rule here:
///
/// 1. The whole hashtag, joined, is a noun: its most frequent sense. `#golden_retriever`, `#GoldenRetrievers`.
/// 2. Else it is taken apart: at its separators, and each part that is no noun into the fewest nouns that make it up,
///    at most three of at least three letters; of several ways the one whose first noun is longest, then its second.
///    Every noun is a label of its own: `#beachsunset` means beach and sunset.
/// 3. Else it means nothing, for a reason that is counted.
package struct HashtagMapper: Sendable {
    /// Why a hashtag is no label. Raw values are what a report says.
    package enum Refusal: String, Sendable, CaseIterable {
        case notANoun = "no noun of WordNet"
        case noLetters = "no letters"
        case tooShort = "fewer than three letters"
        case listed = "listed to be dropped"
    }

    package enum Outcome: Hashable, Sendable {
        /// The whole hashtag is one noun.
        case whole(WordNet.Synset)
        /// The synsets of the nouns it is made of, in its order, none twice.
        case parts([WordNet.Synset])
        case refused(Refusal)

        var synsets: [WordNet.Synset] {
            switch self {
            case .whole(let synset): [synset]
            case .parts(let synsets): synsets
            case .refused: []
            }
        }
    }

    static let lettersMin = 3
    private static let partsMax = 3
    private static let lengthMax = 64

    private let wordNet: WordNet
    private let dropped: Set<WordNet.Synset>
    private let splitsCompounds: Bool

    /// - Parameters:
    ///   - dropped: hashtags that are never labels; neither are their synonyms, nor are they as a part of a compound.
    ///   - splitsCompounds: whether rule 2 holds.
    package init(_ wordNet: WordNet, dropped: [String] = [], splitsCompounds: Bool = true) {
        self.wordNet = wordNet
        self.dropped = Set(
            dropped.compactMap { wordNet.synset(ofJoined: HashtagText.joined(HashtagText.normalized($0))) })
        self.splitsCompounds = splitsCompounds
    }

    package func outcome(_ hashtag: String) -> Outcome {
        let whole = HashtagText.joined(hashtag)
        let letters = whole.unicodeScalars.count { $0.properties.isAlphabetic }
        if letters == 0 { return .refused(.noLetters) }
        guard whole.utf8.allSatisfy({ $0 < 128 }) else { return .refused(.notANoun) }
        if letters < Self.lettersMin { return .refused(.tooShort) }
        if let synset = wordNet.synset(ofJoined: whole) {
            return dropped.contains(synset) ? .refused(.listed) : .whole(synset)
        }
        guard splitsCompounds, whole.utf8.count <= Self.lengthMax else { return .refused(.notANoun) }
        return parts(of: hashtag)
    }

    private func parts(of hashtag: String) -> Outcome {
        var synsets: [WordNet.Synset] = []
        for part in HashtagText.parts(hashtag) {
            guard let found = nouns(in: part) else { return .refused(.notANoun) }
            for synset in found where !synsets.contains(synset) { synsets.append(synset) }
        }
        let kept = synsets.filter { !dropped.contains($0) }
        return synsets.isEmpty ? .refused(.notANoun) : kept.isEmpty ? .refused(.listed) : .parts(kept)
    }

    /// The synsets of a part without separators, one or more; nil where it is not made of nouns.
    private func nouns(in part: String) -> [WordNet.Synset]? {
        for count in 1...Self.partsMax {
            if let found = split(Array(part.utf8)[...], into: count) { return found }
        }
        return nil
    }

    /// The first noun as long as can be, so that the first split found is the one of the rule.
    private func split(_ letters: ArraySlice<UInt8>, into count: Int) -> [WordNet.Synset]? {
        let longest = letters.count - (count - 1) * Self.lettersMin
        guard longest >= Self.lettersMin else { return nil }
        if count == 1 { return synset(letters).map { [$0] } }
        for length in stride(from: longest, through: Self.lettersMin, by: -1) {
            let head = letters.prefix(length)
            guard let first = synset(head), let rest = split(letters.dropFirst(length), into: count - 1) else {
                continue
            }
            return [first] + rest
        }
        return nil
    }

    private func synset(_ letters: ArraySlice<UInt8>) -> WordNet.Synset? {
        guard !letters.contains(where: { (48...57).contains($0) }) else { return nil }
        return wordNet.synset(ofJoined: String(decoding: letters, as: UTF8.self))
    }
}
