import MawsData

/// Names one unit's batch within a stage.
package struct BatchKey: Hashable, Sendable {
    package var step: UInt64
    package var unit: Int

    package init(step: UInt64, unit: Int) {
        self.step = step
        self.unit = unit
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

    /// Waits for a batch.
    package func take(_ key: BatchKey) throws -> UnitBatch {
        state.with { state in
            if !state.wanted.contains(key) { state.wanted.insert(key, at: 0) }
        }
        let result: Result<UnitBatch, any Error>? = state.wait(seconds: Self.patienceSeconds) { state in
            state.loaded.first { $0.key == key }?.batch
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

/// Which units a trainer is likely leased next, from those it was leased before: they come with an even stride where
/// trainers are equally fast.
package struct UnitForecast {
    private let unitsPerStep: Int
    private let repeats: Bool
    private var last: BatchKey?
    private var stride = 1

    /// - Parameter repeats: whether the units of the next step follow, as in training.
    package init(unitsPerStep: Int, repeats: Bool) {
        self.unitsPerStep = unitsPerStep
        self.repeats = repeats
    }

    /// The next `count` units, in their order; fewer at the end of an evaluation.
    package mutating func next(_ count: Int, after key: BatchKey) -> [BatchKey] {
        if let last, last.step == key.step, key.unit > last.unit { stride = key.unit - last.unit }
        last = key
        var (units, unit) = ([BatchKey](), key)
        while units.count < count, let next = following(unit) {
            units.append(next)
            unit = next
        }
        return units
    }

    private func following(_ key: BatchKey) -> BatchKey? {
        let unit = key.unit + stride
        if unit < unitsPerStep { return BatchKey(step: key.step, unit: unit) }
        return repeats ? BatchKey(step: key.step + 1, unit: (unit - unitsPerStep) % unitsPerStep) : nil
    }
}
