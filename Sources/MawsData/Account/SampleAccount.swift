import MawsBase
import MawsDataFiles

/// What became of the samples of some data, or of the rows of a source: by fate and reason how many, and the first of
/// them by name.
///
/// Whoever drops, ignores or assumes something adds it here; commands, logs and the report show one table of it
/// (`SampleTable`). The same data in the same order gives the same account, whatever it was merged from.
package struct SampleAccount: Codable, Hashable, Sendable {
    /// What may become of a sample, or of something that is no sample.
    package enum Fate: String, Codable, CaseIterable, Sendable {
        /// It is used.
        case taken
        /// It is used although something is missing, was changed or had to be assumed; counted in `taken` too.
        case incomplete
        /// It would be a sample, and is not used.
        case leftOut
        /// It is no sample: a hidden file, a member of a kind that samples do not have, a column of a list.
        case ignored

        /// Heading of the fate's rows.
        package var title: String {
            switch self {
            case .taken: "taken"
            case .incomplete: "taken, but"
            case .leftOut: "left out"
            case .ignored: "ignored, for it is no sample"
            }
        }
    }

    /// One reason, with all that it was the reason for.
    package struct Entry: Codable, Hashable, Sendable {
        package var fate: Fate
        /// A short phrase without the particulars of one sample, so that equal reasons count together.
        package var reason: String
        package var count: Int
        /// The first of them, `examplesMax` at most.
        package var examples: [String]
    }

    /// Names kept of each reason.
    package static let examplesMax = 2
    /// Different reasons of a fate; what has yet another one is counted as `otherReasons`.
    package static let reasonsMax = 64
    package static let otherReasons = "other reasons"

    /// Samples that are used.
    package private(set) var takenCount = 0
    /// In the order in which their reasons came up.
    private var found: [Entry] = []

    package init() {}

    /// Counts samples that are used.
    package mutating func take(_ count: Int = 1) { takenCount += count }

    package static let noCaption = "without a caption"
    package static let noHashtags = "without hashtags"
    package static let noClass = "without a class"
    package static let doubtful = "with wrong bits in the image, read as far as they make sense"
    package static func cut(context: Int) -> String { "whose caption a context of \(context) tokens cuts" }
    package static let noEnd = "at the end of a shard without an end mark, which may have been cut off there"
    package static let besideDamage = "beside damage, with which members of it may have gone"
    package static let excluded = "excluded by the plan's list"

    /// Counts a sample that is used, and what it lacks.
    package mutating func take(name: String, hasCaption: Bool, hasHashtags: Bool, hasClass: Bool) {
        take()
        if !hasCaption { add(.incomplete, Self.noCaption, example: name) }
        if !hasHashtags { add(.incomplete, Self.noHashtags, example: name) }
        if !hasClass { add(.incomplete, Self.noClass, example: name) }
    }

    /// - Parameters:
    ///   - reason: see `Entry.reason`.
    ///   - example: the sample's name, or what it says; nil where it has none.
    package mutating func add(_ fate: Fate, _ reason: String, example: String? = nil, count: Int = 1) {
        // Accounts go into logs, reports and files of a run.
        let examples = example.map { [Secrets.hidden(in: $0)] } ?? []
        add(Entry(fate: fate, reason: Secrets.hidden(in: reason), count: count, examples: examples))
    }

    /// Counts a sample that could not be read, by the kind of its reason.
    package mutating func leaveOut(_ sample: SkippedSample) {
        let place = "\(sample.shard)\(sample.member.isEmpty ? "" : ", " + sample.member)"
        add(.leftOut, Self.kind(ofReason: sample.reason), example: place)
    }

    /// Counts a row or sample that could not be read, by the kind of its error.
    package mutating func leaveOut(_ error: DataError) {
        switch error {
        case .sample(let sample): leaveOut(sample)
        case .line(let file, let line, let problem):
            add(.leftOut, Self.kind(ofReason: problem), example: "\(file), line \(line)")
        case .file(let path, let problem): add(.leftOut, Self.kind(ofReason: problem), example: path)
        default: add(.leftOut, Self.kind(ofReason: error.description))
        }
    }

    package mutating func add(_ entry: Entry) {
        guard entry.fate != .taken, entry.count > 0 else {
            if entry.fate == .taken { take(entry.count) }
            return
        }
        if let index = found.firstIndex(where: { $0.fate == entry.fate && $0.reason == entry.reason }) {
            found[index].count += entry.count
            let room = Self.examplesMax - found[index].examples.count
            found[index].examples += entry.examples.prefix(max(0, room))
        } else if entry.reason != Self.otherReasons, count(of: entry.fate) >= Self.reasonsMax {
            add(
                Entry(
                    fate: entry.fate, reason: Self.otherReasons, count: entry.count, examples: entry.examples))
        } else {
            var first = entry
            first.examples = Array(entry.examples.prefix(Self.examplesMax))
            found.append(first)
        }
    }

    private func count(of fate: Fate) -> Int { found.count { $0.fate == fate } }

    /// Adds what another account says after what this one does.
    package mutating func merge(_ other: SampleAccount) {
        takenCount += other.takenCount
        for entry in other.found { add(entry) }
    }

    /// What has one of these fates, and nothing else.
    package func only(_ fates: Set<Fate>) -> SampleAccount {
        var account = SampleAccount()
        if fates.contains(.taken) { account.take(takenCount) }
        for entry in found where fates.contains(entry.fate) { account.add(entry) }
        return account
    }

    /// Whether nothing was counted at all.
    package var isEmpty: Bool { takenCount == 0 && found.isEmpty }

    /// Everything that has this fate, the most frequent reason first, then by reason.
    package func entries(_ fate: Fate) -> [Entry] {
        found.filter { $0.fate == fate }.sorted { ($1.count, $0.reason) < ($0.count, $1.reason) }
    }

    /// How many have this fate. A sample that is incomplete in two ways counts twice there.
    package func count(_ fate: Fate) -> Int {
        fate == .taken ? takenCount : entries(fate).reduce(0) { $0 + $1.count }
    }

    /// How many have this fate for this reason.
    package func count(_ fate: Fate, _ reason: String) -> Int {
        found.first { $0.fate == fate && $0.reason == reason }?.count ?? 0
    }

    /// A reason without its particulars: numbers and quoted texts become `…`, brackets at its end are cut off, so that
    /// "the image claims 9000 x 9000 pixels" and "the image claims 8000 x 9000 pixels" are one kind.
    package static func kind(ofReason reason: String) -> String {
        var text = ""
        var isNumber = false
        let unquoted = reason.replacing(/(?<before>\s)'[^']*'/) { "\($0.before)…" }
        for character in unquoted {
            if character == "(", text.last == " " { break }
            // Numbers within words, UTF-8 for instance, are names.
            let isDigit = character.isASCII && character.isNumber && !(text.last == "-" && !isNumber)
            if isDigit, !isNumber { text.append("…") }
            if !isDigit { text.append(character) }
            isNumber = isDigit
        }
        while text.last == " " { text.removeLast() }
        return text
    }
}

extension SampleAccount: CustomStringConvertible {
    /// One line for a log: `188 taken (12 without a class), 4 left out (the image is empty: 4), 7 ignored (hidden: 7)`.
    package var description: String {
        let parts = Fate.allCases.compactMap { fate -> String? in
            let list = entries(fate).map { "\($0.reason): \($0.count)" }.joined(separator: ", ")
            switch fate {
            case .taken: return "\(takenCount) taken" + incompleteText
            case .incomplete: return nil
            case .leftOut: return list.isEmpty ? nil : "\(count(fate)) left out (\(list))"
            case .ignored: return list.isEmpty ? nil : "\(count(fate)) ignored (\(list))"
            }
        }
        return parts.joined(separator: ", ")
    }

    private var incompleteText: String {
        let list = entries(.incomplete)
        return list.isEmpty ? "" : " (" + list.map { "\($0.count) \($0.reason)" }.joined(separator: ", ") + ")"
    }
}
