import MawsBase
import MawsWire

/// Who may read which version.
extension ShardCore {
    /// Serves a gather now, or when its version comes, or declines it.
    mutating func gather(_ wanted: Waiting) -> ShardActions {
        guard let configuration, phase == .serving || phase == .applying else { return wait(wanted) }
        if wanted.stage > configuration.stage { return wait(wanted) }
        guard wanted.stage == configuration.stage, Int(wanted.block) < slices.count else {
            return .locked(.decline(wanted.request, .noBlock(wanted.block)))
        }
        if wanted.step > version { return wait(wanted) }
        let slice = TensorSlice(stage: wanted.stage, step: wanted.step, block: wanted.block, part: .weight)
        return serve(wanted.request, slice, holder: wanted.holder)
    }

    mutating func snapshotRequested(_ request: ShardRequest, _ slice: TensorSlice) -> ShardActions {
        if let answer = frozenAnswer(request, slice) { return answer }
        // Slots change in place: there are those of the newest version only, and none while it is made.
        let isHere = slice.part == .weight || phase == .serving && slice.step == version
        guard let configuration, phase == .serving || phase == .applying, slice.stage == configuration.stage,
            holds(slice.part, of: slice.block), isHere
        else {
            return .locked(.decline(request, .noPart(slice.part, block: slice.block)))
        }
        return serve(request, slice, holder: nil)
    }

    private mutating func serve(
        _ request: ShardRequest, _ slice: TensorSlice, holder: String?
    ) -> ShardActions {
        guard slice.step == version || slice.step == previous else {
            return .locked(.decline(request, .noVersion(slice.step, newest: version)))
        }
        readers[request] = Reader(version: slice.step, holder: holder, readsSlot: slice.part != .weight)
        return .locked(.serve(request, slice))
    }

    private mutating func wait(_ wanted: Waiting) -> ShardActions {
        waiting.append(wanted)
        return .nothing
    }

    /// Looks again at every gather that waits, in the order they came.
    mutating func serveWaiting() -> ShardActions {
        let again = waiting
        waiting = []
        return again.reduce(.nothing) { $0 + gather($1) }
    }

    func gatherRows(_ request: ShardRequest, _ stage: StageIndex, _ step: StepIndex) -> ShardActions {
        guard phase == .serving || phase == .applying, stage == configuration?.stage, step == version else {
            return .locked(.decline(request, .noRows(step)))
        }
        return .locked(.serveRows(request, stage, step, sharedRows.sorted()))
    }

    mutating func requestEnded(_ request: ShardRequest, _ now: Moment) -> ShardActions {
        if let reader = readers.removeValue(forKey: request) { charge(reader, now) }
        waiting.removeAll { $0.request == request }
        return storeOrDrop(now)
    }

    // MARK: - Who reads what is to be overwritten

    /// Stores the reduced blocks where nobody reads the version that they overwrite any more; else ends the
    /// connections of those for whom no step waits longer.
    mutating func storeOrDrop(_ now: Moment) -> ShardActions {
        guard !unstored.isEmpty else { return .nothing }
        let late = readers.filter { $0.value.version < version }
        guard !late.isEmpty else {
            defer { (unstored, waitsSince) = ([], nil) }
            return .unlocked(unstored.map { .storeBlock(generation, block: $0.block, $0.sum) })
        }
        waitsSince = waitsSince ?? now
        for (request, reader) in late where reader.deadline == nil {
            readers[request]?.deadline = reader.holder.map { now + patience.seconds(of: $0, now) }
        }
        let over = late.keys.filter { request in
            readers[request].map { !$0.isDropped && $0.deadline.map { $0 <= now } ?? false } ?? false
        }
        for request in over { readers[request]?.isDropped = true }
        return over.isEmpty ? .nothing : .unlocked(.dropReaders(over.sorted()))
    }

    private mutating func charge(_ reader: Reader, _ now: Moment) {
        // One wait is one charge, however many connections of the holder it was for.
        guard let holder = reader.holder, let waitsSince, reader.version < version,
            !readers.values.contains(where: { $0.holder == holder && $0.version < version })
        else { return }
        patience.charge(holder, seconds: now.seconds(since: waitsSince), now)
    }
}
