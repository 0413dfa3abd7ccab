import Synchronization

/// The unreadable samples of one split that a loader has met. Thread-safe.
final class SkipRecord: Sendable {
    private struct State {
        var indices: Set<Int> = []
        var samples: [SkippedSample] = []
    }

    private let split: String
    private let sampleCount: Int
    private let allowed: Int
    private let state = Mutex(State())

    /// - Parameter limit: highest share of the samples that may be unreadable.
    init(split: String, sampleCount: Int, limit: Double) {
        self.split = split
        self.sampleCount = sampleCount
        allowed = Int(Double(sampleCount) * limit)
    }

    var samples: [SkippedSample] { state.withLock { $0.samples } }

    func contains(_ index: Int) -> Bool { state.withLock { $0.indices.contains(index) } }

    /// Counts a sample once. Throws when more are unreadable than the split allows.
    func add(_ index: Int, _ sample: SkippedSample) throws {
        let count = state.withLock { state in
            if state.indices.insert(index).inserted { state.samples.append(sample) }
            return state.samples.count
        }
        guard count <= allowed else {
            throw DataError.tooManySkipped(
                split: split, skipped: count, allowed: allowed, samples: sampleCount, last: sample)
        }
    }
}
