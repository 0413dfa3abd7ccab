import MawsDataFiles
import Synchronization

/// The unreadable samples that a loader has met, each once, in the order it met them. Thread-safe.
final class SkipLog: Sendable {
    private let log: Mutex<[SkippedSample]> = Mutex([])

    var samples: [SkippedSample] { log.withLock { $0 } }

    func append(_ sample: SkippedSample) { log.withLock { $0.append(sample) } }
}

/// Which samples of one split are unreadable, and how many may be: those that the shards' scan skipped, and those
/// whose content turns out to be bad. Thread-safe.
final class SkipRecord: Sendable {
    /// Most samples that a message names.
    static let namedMax = 20

    private struct Found {
        var indices: Set<Int> = []
        var all: [SkippedSample]
    }

    private let log: SkipLog
    private let split: String
    private let total: Int
    private let allowed: Int
    private let found: Mutex<Found>

    /// - Parameter limit: highest share of the samples that may be unreadable.
    init(_ dataset: Dataset, limit: Double, log: SkipLog) {
        split = dataset.name
        total = dataset.count
        self.log = log
        allowed = Self.allowed(dataset.count, limit)
        found = Mutex(Found(all: dataset.problems))
        for problem in dataset.problems { log.append(problem) }
    }

    /// A limit of 1 allows any number, be there more of them than of readable ones.
    static func allowed(_ samples: Int, _ limit: Double) -> Int {
        limit >= 1 ? .max : Int(Double(samples) * limit)
    }

    /// Samples of the data set that are known to be unreadable.
    var sampleCount: Int { found.withLock { $0.indices.count } }

    /// Whether the sample is known to be unreadable. Throws once more are than the split allows: a unit that is tried
    /// again fails again.
    func contains(_ index: Int) throws -> Bool {
        guard found.withLock({ $0.indices.contains(index) }) else { return false }
        try check()
        return true
    }

    /// Counts a sample once. Throws when more are unreadable than the split allows.
    func add(_ index: Int, _ sample: SkippedSample) throws {
        found.withLock { found in
            guard found.indices.insert(index).inserted else { return }
            found.all.append(sample)
            log.append(sample)
        }
        try check()
    }

    private func check() throws {
        let all = found.withLock { $0.all }
        guard all.count > allowed else { return }
        throw DataError.tooManySkipped(
            split: split, skipped: all.count, allowed: allowed, samples: total,
            list: Array(all.prefix(Self.namedMax)))
    }
}
