/// Counts hashtags for a vocabulary file, in bounded memory: of more than a million different ones the rarest go.
struct HashtagCounter {
    private var table = TagTable<Void>()

    var isEmpty: Bool { table.entries.isEmpty }

    /// Counts each hashtag of a sample once.
    mutating func add(_ hashtags: [String]) {
        for (position, tag) in hashtags.enumerated() where !hashtags[..<position].contains(tag) {
            table.use(tag) { _ in }
        }
    }

    /// `tag<TAB>count` lines, the most frequent first, equally frequent ones by name.
    var vocabulary: String {
        table.entries.map { (tag: $0.key, uses: $0.value.uses) }.sorted { ($1.uses, $0.tag) < ($0.uses, $1.tag) }
            .map { "\($0.tag)\t\($0.uses)\n" }.joined()
    }
}
