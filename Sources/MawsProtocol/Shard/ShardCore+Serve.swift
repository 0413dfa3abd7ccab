import MawsBase
import MawsWire

/// Who may read which version.
extension ShardCore {
    /// Serves a gather now, or when its version comes, or declines it.
    mutating func gather(_ wanted: Waiting) -> [ShardAction] {
        guard let configuration, phase == .serving || phase == .applying else { return wait(wanted) }
        if wanted.stage > configuration.stage { return wait(wanted) }
        guard wanted.stage == configuration.stage, Int(wanted.block) < slices.count else {
            return [.decline(wanted.request, reason: "shard \(shard) has no block \(wanted.block) of that stage")]
        }
        if wanted.step > version { return wait(wanted) }
        let slice = TensorSlice(stage: wanted.stage, step: wanted.step, block: wanted.block, part: .weight)
        return serve(wanted.request, slice)
    }

    mutating func snapshotRequested(_ request: ShardRequest, _ slice: TensorSlice) -> [ShardAction] {
        // Slots change in place: there are those of the newest version only, and none while it is made.
        let isHere = slice.part == .weight || phase == .serving && slice.step == version
        guard let configuration, phase == .serving || phase == .applying, slice.stage == configuration.stage,
            holds(slice.part, of: slice.block), isHere
        else { return [.decline(request, reason: "shard \(shard) has no \(slice.part) of block \(slice.block)")] }
        return serve(request, slice)
    }

    private mutating func serve(_ request: ShardRequest, _ slice: TensorSlice) -> [ShardAction] {
        guard slice.step == version || slice.step == previous else {
            let reason = "version \(slice.step.value) is not at shard \(shard), whose newest is \(version.value)"
            return [.decline(request, reason: reason)]
        }
        readers[request] = slice.step
        return [.serve(request, slice)]
    }

    private mutating func wait(_ wanted: Waiting) -> [ShardAction] {
        waiting.append(wanted)
        return []
    }

    /// Looks again at every gather that waits, in the order they came.
    mutating func serveWaiting() -> [ShardAction] {
        let again = waiting
        waiting = []
        return again.flatMap { gather($0) }
    }

    func collect(_ request: ShardRequest, _ stage: StageIndex, _ step: StepIndex) -> [ShardAction] {
        guard phase == .serving || phase == .applying, stage == configuration?.stage, step == version else {
            return [.decline(request, reason: "shard \(shard) has no posts of step \(step.value)")]
        }
        return [.servePosts(request, stage, step, posts.sorted())]
    }

    mutating func requestEnded(_ request: ShardRequest) -> [ShardAction] {
        readers[request] = nil
        waiting.removeAll { $0.request == request }
        return storeWhenUnread()
    }
}
