import MawsDataFiles

/// The labels of a data set and the hashtags that mean each: a text file with a label a line, the line being the label.
///
/// A line has columns separated by tabs: name and number of samples, and for labels that hashtags were mapped to, the
/// synset's words and its hashtags separated by blanks. Without the latter the name is the hashtag.
///
///     n04370048<TAB>912<TAB>sweater, jumper<TAB>sweater jumper sweaters
///     ootd<TAB>812
package struct LabelVocabulary: Sendable {
    private static let sizeMax = 1 << 30

    /// In order: the position is the label.
    package let names: [String]
    /// Samples of each label as the file counts them; 0 where it says nothing.
    package let sampleCounts: [Int]
    /// Hashtags of one label, which most are.
    private let single: [String: Int]
    /// Compounds, which mean several.
    private let several: [String: [Int]]

    package var count: Int { names.count }

    /// Labels that hashtags do not matter to: none.
    init() {
        names = []
        sampleCounts = []
        single = [:]
        several = [:]
    }

    /// - Parameter sampleCountMin: labels with fewer samples are left out; 0 keeps lines without a number too.
    package init(path: String, sampleCountMin: Int = 0) throws {
        var names: [String] = []
        var sampleCounts: [Int] = []
        var labels: [String: [Int]] = [:]
        var seen: Set<String> = []
        var mostSamples = 0
        for (number, line) in try Self.lines(path) {
            func fault(_ problem: String) -> DataError { .line(file: path, line: number, problem: problem) }
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
            let name = HashtagText.normalized(String(columns[0]))
            guard !name.isEmpty, columns.count > 1 || !Self.hasOtherSeparator(line) else {
                let found = line.prefix(40).filter { !$0.isNewline }
                throw fault("expected 'tag<TAB>count', found '\(found)'; a tab stands between a hashtag and its count")
            }
            guard seen.insert(name).inserted else { throw fault("hashtag '\(name)' is there twice") }
            let samples = try Self.count(columns) { fault("the count '\($0)' is no whole number") }
            if sampleCountMin > 0 {
                guard let samples else { throw fault("expected 'tag<TAB>count', found no count") }
                mostSamples = max(mostSamples, samples)
                if samples < sampleCountMin { continue }
            }
            for tag in columns.count > 3 ? columns[3].split(separator: " ") : [Substring(name)] {
                labels[HashtagText.normalized(String(tag)), default: []].append(names.count)
            }
            names.append(name)
            sampleCounts.append(samples ?? 0)
        }
        guard !names.isEmpty else {
            throw DataError.file(
                path: path, problem: "has no label with \(sampleCountMin) samples; the most frequent has \(mostSamples)"
            )
        }
        self.names = names
        self.sampleCounts = sampleCounts
        single = labels.compactMapValues { $0.count == 1 ? $0[0] : nil }
        several = labels.filter { $0.value.count > 1 }
    }

    /// The labels that hashtags mean, ascending, without repeats; hashtags that the vocabulary lacks are dropped.
    package func labels(of hashtags: [String]) -> [Int] {
        var found: [Int] = []
        for tag in hashtags {
            if let label = single[tag] {
                if !found.contains(label) { found.append(label) }
            } else if let labels = several[tag] {
                for label in labels where !found.contains(label) { found.append(label) }
            }
        }
        return found.sorted()
    }

    /// How many samples the rarest label of these hashtags has; 0 where they mean none.
    func rarestCount(of hashtags: [String]) -> UInt32 {
        labels(of: hashtags).map { UInt32(clamping: sampleCounts[$0]) }.min() ?? 0
    }

    private static func lines(_ path: String) throws -> [(number: Int, text: Substring)] {
        let bytes = try InputFile.contents(path, limit: sizeMax)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw DataError.file(path: path, problem: "is not UTF-8 text")
        }
        var lines = text.withoutByteOrderMark.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        while let last = lines.last, last.allSatisfy(\.isWhitespace) { lines.removeLast() }
        guard !lines.isEmpty else { throw DataError.file(path: path, problem: "is empty") }
        return lines.enumerated().map { ($0.offset + 1, $0.element) }
    }

    /// Nil where the line has none.
    private static func count(_ columns: [Substring], fault: (String) -> DataError) throws -> Int? {
        guard columns.count > 1 else { return nil }
        let text = columns[1].filter { !$0.isWhitespace }
        if text.isEmpty { return nil }
        guard let count = Int(text), count >= 0 else { throw fault(String(text.prefix(40))) }
        return count
    }

    /// Whether a line without a tab means a hashtag and a count, with something else between them.
    private static func hasOtherSeparator(_ line: Substring) -> Bool {
        line.contains { $0 == "," || $0 == ";" } || line.firstMatch(of: /\s[0-9]+\s*$/) != nil
    }
}
