import Synchronization

/// The unreadable samples that a loader has met, each once, in the order it met them. Thread-safe.
final class SkipLog: Sendable {
    private let log: Mutex<[SkippedSample]> = Mutex([])

    var samples: [SkippedSample] { log.withLock { $0 } }

    func append(_ sample: SkippedSample) { log.withLock { $0.append(sample) } }
}

/// Which samples of one split are unreadable, and how many may be. Thread-safe.
final class SkipRecord: Sendable {
    private let log: SkipLog
    private let split: String
    private let sampleCount: Int
    private let allowed: Int
    private let indices: Mutex<Set<Int>> = Mutex([])

    /// - Parameter limit: highest share of the samples that may be unreadable.
    init(split: String, sampleCount: Int, limit: Double, log: SkipLog) {
        self.split = split
        self.sampleCount = sampleCount
        self.log = log
        allowed = Int(Double(sampleCount) * limit)
    }

    var count: Int { indices.withLock { $0.count } }

    /// Whether the sample is known to be unreadable. Throws once more are than the split allows: a unit that is tried
    /// again fails again.
    func contains(_ index: Int) throws -> Bool {
        guard indices.withLock({ $0.contains(index) }) else { return false }
        try check()
        return true
    }

    /// Counts a sample once. Throws when more are unreadable than the split allows.
    func add(_ index: Int, _ sample: SkippedSample) throws {
        indices.withLock { indices in
            if indices.insert(index).inserted { log.append(sample) }
        }
        try check()
    }

    private func check() throws {
        let count = self.count
        guard count > allowed, let last = log.samples.last else { return }
        throw DataError.tooManySkipped(split: split, skipped: count, allowed: allowed, samples: sampleCount, last: last)
    }
}
