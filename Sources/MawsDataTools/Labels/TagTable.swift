/// How often each hashtag was used, and something known of it, in bounded memory (Manku and Motwani, "Approximate
/// frequency counts over data streams", VLDB 2002).
///
/// A full table forgets its rarest half. A hashtag that was forgotten and comes back starts again, so its count may be
/// too low, by `undercountMax` at most.
struct TagTable<Meaning> {
    struct Entry {
        var uses: Int
        let meaning: Meaning
    }

    private(set) var entries: [String: Entry] = [:]
    /// 0 as long as nothing was forgotten.
    private(set) var undercountMax = 0
    private let capacity: Int

    /// - Parameter capacity: different hashtags held, about 100 bytes each.
    init(capacity: Int = 1 << 20) {
        precondition(capacity > 1)
        self.capacity = capacity
    }

    /// Counts a use of a hashtag and returns its meaning, made when it is new: a pure function of the hashtag.
    @discardableResult
    mutating func use(_ tag: String, make: (String) -> Meaning) -> Meaning {
        if let index = entries.index(forKey: tag) {
            entries.values[index].uses += 1
            return entries.values[index].meaning
        }
        if entries.count == capacity { forgetRarest() }
        let meaning = make(tag)
        entries[tag] = Entry(uses: 1, meaning: meaning)
        return meaning
    }

    private mutating func forgetRarest() {
        let uses = entries.values.map(\.uses).sorted()
        let limit = uses[uses.count / 2]
        entries = entries.filter { $0.value.uses > limit }
        undercountMax += limit
    }
}
