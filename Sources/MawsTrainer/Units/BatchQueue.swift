import MawsData

/// Names one unit's batch within a stage.
package struct BatchKey: Hashable, Sendable {
    package var step: UInt64
    package var unit: Int
    /// Samples that are excluded.
    package var excluded: [UInt64]

    package init(step: UInt64, unit: Int, excluded: [UInt64] = []) {
        self.step = step
        self.unit = unit
        self.excluded = excluded
    }
}

/// Loads batches on a thread of its own: the unit being computed first, then those that likely come next, as many as
/// the bytes allow that it may hold.
package final class BatchQueue: Sendable {
    private struct State {
        /// In order of need.
        var wanted: [BatchKey] = []
        var loaded: [(key: BatchKey, batch: Result<UnitBatch, any Error>)] = []
        var isEnded = false
        /// The most bytes that a batch had so far.
        var largest = 0

        /// The first wanted batch that is not here: the first of all whatever it takes, others only if there is room.
        func next(byteCountMax: Int) -> BatchKey? {
            let isHere = { key in loaded.contains { $0.key == key } }
            guard let index = wanted.firstIndex(where: { !isHere($0) }) else { return nil }
            let held = loaded.reduce(0) { $0 + ((try? $1.batch.get().byteCount) ?? 0) }
            return index == 0 || held + largest <= byteCountMax ? wanted[index] : nil
        }
    }

    /// Seconds to wait for data before a unit is given back; a network file system may hang.
    private static let patienceSeconds = 300.0
    private let state = Monitor(State())

    /// - Parameter byteCountMax: of the batches that wait here; one may always.
    package init(byteCountMax: Int, load: @escaping @Sendable (BatchKey) throws -> UnitBatch) {
        startThread("batches") { [state] in Self.work(state, byteCountMax, load) }
    }

    /// Replaces what is wanted; whatever else was loaded is freed.
    package func want(_ keys: [BatchKey]) {
        state.with { state in
            state.wanted = keys
            state.loaded.removeAll { !keys.contains($0.key) }
        }
    }

    /// Waits for a batch. One that failed is read again when it is wanted again.
    package func take(_ key: BatchKey) throws -> UnitBatch {
        state.with { state in
            if !state.wanted.contains(key) { state.wanted.insert(key, at: 0) }
        }
        let result: Result<UnitBatch, any Error>? = state.wait(seconds: Self.patienceSeconds) { state in
            guard let found = state.loaded.first(where: { $0.key == key })?.batch else { return nil }
            if case .failure = found {
                state.loaded.removeAll { $0.key == key }
                state.wanted.removeAll { $0 == key }
            }
            return found
        }
        guard let result else {
            throw TrainerError.silent(what: "the data of unit \(key.unit)", seconds: Self.patienceSeconds)
        }
        return try result.get()
    }

    package func end() { state.with { $0.isEnded = true } }

    private static func work(
        _ state: Monitor<State>, _ byteCountMax: Int, _ load: (BatchKey) throws -> UnitBatch
    ) {
        while let key = nextKey(state, byteCountMax) {
            let batch = Result { try load(key) }
            state.with { state in
                state.largest = max(state.largest, (try? batch.get().byteCount) ?? 0)
                if state.wanted.contains(key) { state.loaded.append((key, batch)) }
            }
        }
    }

    private static func nextKey(_ state: Monitor<State>, _ byteCountMax: Int) -> BatchKey? {
        let next: BatchKey?? = state.wait { state in
            if state.isEnded { return .some(nil) }
            return state.next(byteCountMax: byteCountMax).map { .some($0) }
        }
        return next ?? nil
    }
}

/// Which units a trainer is likely leased next.
///
/// Where samples come from other machines a wrong guess is dear: it brings shards into the cache that another trainer
/// reads, and puts those out that this one reads. There the guess is what the trainer had in both steps before, since a
/// unit of the next step mostly reads the shards of the same unit of this one. Elsewhere it is what follows with an
/// even stride, as units do where trainers are equally fast.
package struct UnitForecast {
    private let unitsPerStep: Int
    private let repeats: Bool
    private let returns: Bool
    private var step: UInt64 = 0
    /// Leased in this step, and in the two before, in their order.
    private var units: [Int] = []
    private var earlier: [[Int]] = [[], []]

    /// - Parameters:
    ///   - repeats: whether the units of the next step follow, as in training.
    ///   - returns: whether the trainer is to keep to the units that it had.
    package init(unitsPerStep: Int, repeats: Bool, returns: Bool = false) {
        self.unitsPerStep = unitsPerStep
        self.repeats = repeats
        self.returns = returns
    }

    /// The next `count` units, in their order; fewer at the end of an evaluation, or where they cannot be told.
    package mutating func next(_ count: Int, after key: BatchKey) -> [BatchKey] {
        if key.step != step {
            earlier = key.step == step + 1 ? [units, earlier[0]] : [[], []]
            (step, units) = (key.step, [])
        }
        if !units.contains(key.unit) { units.append(key.unit) }
        var (next, unit) = ([BatchKey](), key)
        while next.count < count, let following = returns ? returning(unit) : following(unit) {
            next.append(following)
            unit = following
        }
        return next
    }

    private func returning(_ key: BatchKey) -> BatchKey? {
        let own = earlier[0].filter(earlier[1].contains)
        guard let place = own.firstIndex(of: key.unit) else { return nil }
        if place + 1 < own.count { return BatchKey(step: key.step, unit: own[place + 1]) }
        return BatchKey(step: key.step + 1, unit: own[0])
    }

    private func following(_ key: BatchKey) -> BatchKey? {
        let unit = key.unit + stride
        if unit < unitsPerStep { return BatchKey(step: key.step, unit: unit) }
        return repeats ? BatchKey(step: key.step + 1, unit: (unit - unitsPerStep) % unitsPerStep) : nil
    }

    /// Between the last two units.
    private var stride: Int {
        guard units.count > 1 else { return 1 }
        let last = units[units.count - 1] - units[units.count - 2]
        return last > 0 ? last : 1
    }
}
