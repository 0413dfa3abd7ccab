import MawsDataFiles
import MawsFiles

/// The labels of a stream of samples: what their hashtags mean, how often, and what means nothing and why.
package struct LabelSurvey {
    package private(set) var sampleCount = 0
    /// Samples with at least one noun.
    package private(set) var labelledCount = 0
    /// Hashtags of all samples, each counted once a sample.
    package private(set) var useCount = 0
    private var samples: [WordNet.Synset: Int] = [:]
    private var table: TagTable<HashtagMapper.Outcome>
    private let wordNet: WordNet
    private let mapper: HashtagMapper

    /// - Parameter capacity: different hashtags held in memory; see `TagTable`.
    package init(_ wordNet: WordNet, mapper: HashtagMapper, capacity: Int = 1 << 20) {
        self.wordNet = wordNet
        self.mapper = mapper
        table = TagTable(capacity: capacity)
    }

    /// - Parameter hashtags: of one sample, normalised.
    /// - Returns: whether one of them means a noun.
    @discardableResult
    package mutating func add(_ hashtags: [String]) -> Bool {
        sampleCount += 1
        var found: [WordNet.Synset] = []
        for (position, tag) in hashtags.enumerated() where !hashtags[..<position].contains(tag) {
            useCount += 1
            for synset in table.use(tag, make: mapper.outcome).synsets where !found.contains(synset) {
                found.append(synset)
                samples[synset, default: 0] += 1
            }
        }
        if !found.isEmpty { labelledCount += 1 }
        return !found.isEmpty
    }

    /// - Parameter sampleCountMin: labels with fewer samples are rare and no part of the vocabulary.
    package func report(sampleCountMin: Int) throws -> LabelReport {
        let entries = table.entries.map {
            LabelReport.Hashtag(name: $0.key, uses: $0.value.uses, outcome: $0.value.meaning)
        }
        .sorted { ($1.uses, $0.name) < ($0.uses, $1.name) }
        var hashtags: [WordNet.Synset: [String]] = [:]
        for entry in entries {
            for synset in entry.outcome.synsets { hashtags[synset, default: []].append(entry.name) }
        }
        // Where a label's every hashtag was forgotten, nothing can be read as it.
        let labels = try samples.filter { hashtags[$0.key] != nil }
            .sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { synset, count in
                LabelReport.Label(
                    identifier: WordNet.identifier(synset), sampleCount: count, words: try wordNet.words(of: synset),
                    hashtags: hashtags[synset] ?? [])
            }
        let kept = labels.prefix { $0.sampleCount >= sampleCountMin }
        return LabelReport(
            sampleCount: sampleCount, labelledCount: labelledCount, useCount: useCount, sampleCountMin: sampleCountMin,
            undercountMax: table.undercountMax, labels: Array(kept), rare: Array(labels[kept.endIndex...]),
            refused: Dictionary(grouping: entries) { entry in
                if case .refused(let reason) = entry.outcome { reason } else { nil }
            }, hashtagCount: entries.count)
    }
}

/// What became of the hashtags of a data set.
package struct LabelReport: Sendable {
    package struct Label: Hashable, Sendable {
        /// ImageNet's id of the synset: `n02099601`.
        package var identifier: String
        package var sampleCount: Int
        /// The words of the synset, the commonest first.
        package var words: [String]
        /// Spellings that mean it, the most used first.
        package var hashtags: [String]

        /// As `LabelVocabulary` reads it.
        var line: String {
            "\(identifier)\t\(sampleCount)\t\(words.joined(separator: ", "))\t\(hashtags.joined(separator: " "))"
        }
    }

    package struct Hashtag: Hashable, Sendable {
        package var name: String
        package var uses: Int
        package var outcome: HashtagMapper.Outcome
    }

    package let sampleCount: Int
    package let labelledCount: Int
    package let useCount: Int
    package let sampleCountMin: Int
    /// How much too low the count of a single hashtag may be, since memory is bounded; labels' counts are exact.
    package let undercountMax: Int
    /// Labels of the vocabulary, those with the most samples first, then by identifier.
    package let labels: [Label]
    /// Labels below `sampleCountMin`, in the same order.
    package let rare: [Label]
    /// Different hashtags.
    package let hashtagCount: Int
    private let refused: [HashtagMapper.Refusal?: [Hashtag]]

    init(
        sampleCount: Int, labelledCount: Int, useCount: Int, sampleCountMin: Int, undercountMax: Int, labels: [Label],
        rare: [Label], refused: [HashtagMapper.Refusal?: [Hashtag]], hashtagCount: Int
    ) {
        self.sampleCount = sampleCount
        self.labelledCount = labelledCount
        self.useCount = useCount
        self.sampleCountMin = sampleCountMin
        self.undercountMax = undercountMax
        self.labels = labels
        self.rare = rare
        self.refused = refused
        self.hashtagCount = hashtagCount
    }

    /// Hashtags that mean something, the most used first.
    package var mapped: [Hashtag] { refused[nil] ?? [] }

    /// Hashtags that mean nothing for this reason, the most used first.
    package func refused(_ reason: HashtagMapper.Refusal) -> [Hashtag] { refused[reason] ?? [] }

    /// Writes the vocabulary, a label a line, which a plan's `vocabulary` names; see `LabelVocabulary`.
    /// - Parameter isForced: replaces what is there; otherwise a file of other content is refused.
    package func writeVocabulary(to path: String, isForced: Bool = false) throws {
        guard let most = labels.first ?? rare.first else {
            throw DataError.output(path: path, problem: "no hashtag of the \(sampleCount) samples is a noun of WordNet")
        }
        guard !labels.isEmpty else {
            throw DataError.output(
                path: path,
                problem: "no label has \(sampleCountMin) samples; the most frequent, \(most.words[0]), has "
                    + "\(most.sampleCount)")
        }
        try OutputFolder.make(Folder.parent(of: path))
        let text = labels.map { $0.line + "\n" }.joined()
        if try !isForced && !NewFile.check(path, for: text) { return }
        let file = try OutputFile(path: path)
        try file.write(Array(text.utf8))
        _ = try file.finish()
    }
}
