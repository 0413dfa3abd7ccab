import MawsBase
import MawsWire

/// Where a shard's state comes from: kept, or restored slice by slice.
extension ShardCore {
    mutating func configured(_ wanted: ServerConfiguration, _ now: Moment) -> ShardActions {
        guard wanted.term >= term else {
            return .unlocked(.abandonCoordinator(.olderTerm(wanted.term, newest: term)))
        }
        guard phase != .applying else {
            pendingConfiguration = wanted
            return .nothing
        }
        term = wanted.term
        if wanted.keepsState, phase == .serving, holdsState(for: wanted) {
            // Gradients and rows of the present step are functions of the plan and the version: they stay good, unless
            // a sample is excluded from now on.
            configuration = wanted
            return wanted.keepsStep ? stateReported() : startOver(wanted)
        }
        return replaceState(wanted)
    }

    private func holdsState(for wanted: ServerConfiguration) -> Bool {
        guard let configuration else { return false }
        return configuration.runID == wanted.runID && configuration.stage == wanted.stage
            && configuration.table == wanted.table && configuration.unitsPerStep == wanted.unitsPerStep
    }

    private mutating func replaceState(_ wanted: ServerConfiguration) -> ShardActions {
        forgetState()
        configuration = wanted
        slices = ShardLayout(table: wanted.table, shard: shard).slices
        phase = wanted.keepsState ? .opening : .restoring
        if wanted.keepsState { return .unlocked(.openState(wanted, generation)) }
        return .unlocked(.createState(wanted, generation)) + askRestore()
    }

    /// A restore comes when there is room for it and a connection that it can come on. On another connection it goes on
    /// at the first slice that is not here whole: they come in the table's order.
    mutating func bulkOpened() -> ShardActions {
        hasBulk = true
        return askRestore()
    }

    private func askRestore() -> ShardActions {
        let received = restoredParts.values.reduce(0) { $0 + $1.count }
        return hasBulk && phase == .restoring ? .unlocked(.askRestore(reply, received: received)) : .nothing
    }

    /// Work under way on it is of an older generation from here on.
    private mutating func forgetState() {
        generation = ShardGeneration(generation.value + 1)
        configuration = nil
        slices = []
        found = nil
        frozen = nil
        previous = nil
        hasReduced = false
        trees = []
        openTrees = 0
        sharedRows = []
        unstored = []
        waitsSince = nil
        readers = [:]
        restoredParts = [:]
        restoreStep = nil
    }

    mutating func stateOpened(_ step: StepIndex, _ keptReduced: Bool) -> ShardActions {
        guard phase == .opening else { return .nothing }
        return open(step, hasReduced: keptReduced && configuration?.keepsStep == true)
    }

    /// Drops all that came since the version in force. Work under way on it is of an older generation.
    private mutating func startOver(_ wanted: ServerConfiguration) -> ShardActions {
        generation = ShardGeneration(generation.value + 1)
        previous = nil
        hasReduced = false
        unstored = []
        waitsSince = nil
        let begun = beginStep()
        return .unlocked(.dropStep(wanted, generation)) + stateReported() + begun
    }

    mutating func stateUnfit() -> ShardActions {
        guard phase == .opening else { return .nothing }
        phase = .empty
        configuration = nil
        return .unlocked(.abandonCoordinator(.unfitState))
    }

    /// The state is lost, as it would be with its file. The coordinator hears so from the next `hello`, and has all
    /// shards restored; gathers wait for that.
    mutating func stateDamaged(_ damage: String) -> ShardActions {
        guard phase == .opening || phase == .serving || phase == .applying else { return .nothing }
        let damaged = generation
        forgetState()
        phase = .empty
        pendingConfiguration = nil
        return .unlocked(.discardState(damaged, damage: damage), .abandonCoordinator(.damagedState(damage)))
    }

    mutating func restoreAnnounced(_ request: RequestNumber, _ slice: TensorSlice) -> ShardActions {
        // A restore that another one overtook is still on its way.
        guard phase == .restoring, request == configuration?.request else { return .locked(.discard) }
        guard let configuration, slice.stage == configuration.stage,
            restoreStep == nil || restoreStep == slice.step, holds(slice.part, of: slice.block)
        else { return .locked(.breakOff(.foreignSlice)) }
        restoreStep = slice.step
        return .locked(.receiveSlice(generation, slice))
    }

    /// What was received into an older state is gone with it.
    mutating func restoreReceived(_ receivedFor: ShardGeneration, _ slice: TensorSlice) -> ShardActions {
        guard phase == .restoring, receivedFor == generation else { return .nothing }
        restoredParts[Int(slice.block), default: []].insert(slice.part)
        return .nothing
    }

    mutating func restoreDone(_ request: RequestNumber, _ stage: StageIndex, _ step: StepIndex) -> ShardActions {
        guard request == configuration?.request || configuration == nil else { return .nothing }
        if phase == .serving, stage == configuration?.stage, step == version { return stateReported() }
        guard phase == .restoring, let configuration, stage == configuration.stage else {
            return .locked(.breakOff(.endWithoutRestore))
        }
        for (block, slice) in slices.enumerated() where !slice.isEmpty {
            let (whole, restored) = (configuration.table.blocks[block], restoredParts[block, default: []])
            for part in whole.restoredParts(at: step) where !restored.contains(part) {
                return .locked(.breakOff(.endWithout(part, block: whole.name)))
            }
        }
        guard restoreStep == nil || restoreStep == step else {
            return .locked(.breakOff(.endAtOtherStep))
        }
        phase = .sealing
        return .unlocked(.sealRestored(generation, step: step))
    }

    mutating func restoredSealed(_ step: StepIndex) -> ShardActions {
        guard phase == .sealing else { return .nothing }
        return open(step, hasReduced: false)
    }

    private mutating func open(_ step: StepIndex, hasReduced keptReduced: Bool) -> ShardActions {
        phase = .serving
        version = step
        previous = nil
        hasReduced = keptReduced
        let begun = beginStep()
        return stateReported() + serveWaiting() + begun
    }

    private func stateReported() -> ShardActions {
        guard let configuration else { return .nothing }
        let restored = ShardActions.unlocked(.send(.restored(reply, stage: configuration.stage, step: version)))
        return hasReduced ? restored + .unlocked(.report(reply, configuration.stage, version)) : restored
    }

    /// Empty trees for the step that turns `version` into the next.
    mutating func beginStep() -> ShardActions {
        sharedRows = []
        guard let configuration, configuration.table.trainableCount > 0, configuration.unitsPerStep > 0 else {
            return .nothing
        }
        trees = configuration.table.blocks.indices.map { block in
            let isPushed = configuration.table.blocks[block].isTrainable && !slices[block].isEmpty
            return isPushed && !hasReduced ? UnitTree(unitCount: Int(configuration.unitsPerStep), step: version) : nil
        }
        openTrees = trees.count { $0 != nil }
        // A shard may have no slice of anything that is trained.
        return openTrees == 0 && !hasReduced ? .unlocked(.sealReduced(generation)) : .nothing
    }

    /// Whether the shard keeps this part of this block.
    func holds(_ part: WeightPart, of block: UInt32) -> Bool {
        guard let configuration, Int(block) < configuration.table.blocks.count else { return false }
        return configuration.table.blocks[Int(block)].parts.contains(part)
    }
}
