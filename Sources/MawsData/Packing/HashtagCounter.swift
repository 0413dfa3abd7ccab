/// Counts hashtags for a vocabulary file.
struct HashtagCounter {
    private var counts: [String: Int] = [:]

    var isEmpty: Bool { counts.isEmpty }

    /// Counts each hashtag of a sample once.
    mutating func add(_ hashtags: [String]) {
        for (position, tag) in hashtags.enumerated() where !hashtags[..<position].contains(tag) {
            counts[tag, default: 0] += 1
        }
    }

    /// `tag<TAB>count` lines, the most frequent first, equally frequent ones by name.
    var vocabulary: String {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key)\t\($0.value)\n" }.joined()
    }
}
