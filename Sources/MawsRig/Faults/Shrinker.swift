/// Finds few of a world's faults that are enough for what was found in it.
package struct Shrinker {
    let seed: UInt64
    let mutation: Mutation?
    /// Worlds that it may run.
    let triesMax: Int
    package private(set) var tries = 0

    package init(seed: UInt64, mutation: Mutation? = nil, triesMax: Int = 200) {
        (self.seed, self.mutation, self.triesMax) = (seed, mutation, triesMax)
    }

    /// - Returns: the numbers of the faults that are kept, ascending: without any of them the same kind of thing is not
    ///   found any more, unless there were too many to try.
    package mutating func shrink(_ kind: Finding.Kind) -> [Int] {
        var kept = Array(0..<Simulation(seed: seed, mutation: mutation).faultCount)
        var size = max(1, kept.count / 2)
        while !kept.isEmpty {
            var isSmaller = false
            var start = 0
            while start < kept.count {
                var fewer = kept
                fewer.removeSubrange(start..<min(start + size, kept.count))
                if finds(kind, fewer) {
                    (kept, isSmaller) = (fewer, true)
                } else {
                    start += size
                }
            }
            if size == 1 && !isSmaller { break }
            size = max(1, size / 2)
        }
        return kept
    }

    private mutating func finds(_ kind: Finding.Kind, _ faults: [Int]) -> Bool {
        guard tries < triesMax else { return false }
        tries += 1
        let outcome = Simulation(seed: seed, mutation: mutation, keeping: Set(faults)).run()
        return outcome.finding?.kind == kind
    }
}
