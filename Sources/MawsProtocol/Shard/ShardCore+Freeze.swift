import MawsBase
import MawsWire

/// A version that a checkpoint is made of while later ones take its place.
extension ShardCore {
    struct Frozen: Hashable {
        /// The checkpoint's.
        var request: RequestNumber
        var step: StepIndex
        /// What the checkpoint has not got yet.
        var due: Set<TensorSlice>
    }

    mutating func freeze(_ request: RequestNumber, _ stage: StageIndex, _ step: StepIndex) -> ShardActions {
        // What cannot be kept is declined when it is asked for.
        guard phase == .serving, let configuration, stage == configuration.stage, step == version else {
            return .nothing
        }
        let due = configuration.table.blocks.indices.filter { !slices[$0].isEmpty }.flatMap { block in
            configuration.table.blocks[block].parts.map {
                TensorSlice(stage: stage, step: step, block: UInt32(block), part: $0)
            }
        }
        guard !due.isEmpty else { return .nothing }
        frozen = Frozen(request: request, step: step, due: Set(due))
        return .unlocked(.freeze(request, step))
    }

    mutating func sliceKept(_ request: RequestNumber, _ slice: TensorSlice) -> ShardActions {
        guard frozen?.request == request, frozen?.due.remove(slice) != nil else { return .nothing }
        return frozen?.due.isEmpty == true ? thaw(request) : .unlocked(.release(request, slice))
    }

    mutating func thaw(_ request: RequestNumber?) -> ShardActions {
        guard let frozen, request == nil || frozen.request == request else { return .nothing }
        self.frozen = nil
        return .unlocked(.thaw(frozen.request))
    }

    /// The answer to a request for a slice of a version that is frozen and not in force any more; nil for others.
    func frozenAnswer(_ request: ShardRequest, _ slice: TensorSlice) -> ShardActions? {
        guard let frozen, slice.step == frozen.step, frozen.step < version else { return nil }
        guard frozen.due.contains(slice) else {
            return .locked(.decline(request, .noPart(slice.part, block: slice.block)))
        }
        return .locked(.serveFrozen(request, slice))
    }

    func frozenViolations() -> [String] {
        guard let frozen else { return [] }
        var found: [String] = []
        if phase != .serving && phase != .applying { found.append("a version is frozen of a state that is not here") }
        if frozen.step > version { found.append("a version is frozen that is not here yet") }
        if frozen.due.isEmpty { found.append("a version is frozen that nobody needs") }
        if frozen.due.contains(where: { $0.step != frozen.step || $0.stage != configuration?.stage }) {
            found.append("a slice is frozen of another version")
        }
        return found
    }
}
