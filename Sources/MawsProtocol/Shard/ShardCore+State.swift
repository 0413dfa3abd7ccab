import MawsBase
import MawsWire

/// Where a shard's state comes from: kept, or restored slice by slice.
extension ShardCore {
    mutating func configured(_ wanted: ServerConfiguration, _ now: Moment) -> [ShardAction] {
        guard wanted.term >= term else {
            return [.abandonCoordinator(reason: "it works under term \(wanted.term.value), newest is \(term.value)")]
        }
        guard phase != .applying else {
            pendingConfiguration = wanted
            return []
        }
        term = wanted.term
        if wanted.keepsState, phase == .serving, holdsState(for: wanted) {
            // Gradients and posts of the present step are functions of the plan and the version: they stay good, unless
            // a sample is passed over from now on.
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

    private mutating func replaceState(_ wanted: ServerConfiguration) -> [ShardAction] {
        forgetState()
        configuration = wanted
        slices = ShardLayout(table: wanted.table, shard: shard).slices
        phase = wanted.keepsState ? .opening : .restoring
        return [wanted.keepsState ? .openState(wanted, generation) : .createState(wanted, generation)]
    }

    /// Work under way on it is of an older generation from here on.
    private mutating func forgetState() {
        generation = ShardGeneration(generation.value + 1)
        configuration = nil
        slices = []
        found = nil
        previous = nil
        hasReduced = false
        trees = []
        openTrees = 0
        posts = []
        unstored = []
        waitsSince = nil
        readers = [:]
        restoredParts = [:]
        restoreStep = nil
    }

    mutating func stateOpened(_ step: StepIndex, _ keptReduced: Bool) -> [ShardAction] {
        guard phase == .opening else { return [] }
        return open(step, hasReduced: keptReduced && configuration?.keepsStep == true)
    }

    /// Drops all that came since the version in force. Work under way on it is of an older generation.
    private mutating func startOver(_ wanted: ServerConfiguration) -> [ShardAction] {
        generation = ShardGeneration(generation.value + 1)
        previous = nil
        hasReduced = false
        unstored = []
        waitsSince = nil
        let begun = beginStep()
        return [.dropStep(wanted, generation)] + stateReported() + begun
    }

    mutating func stateUnfit(_ reason: String) -> [ShardAction] {
        guard phase == .opening else { return [] }
        phase = .empty
        configuration = nil
        return [.abandonCoordinator(reason: reason)]
    }

    /// The state is lost, as it would be with its file. The coordinator hears so from the next `hello`, and has all
    /// shards restored; gathers wait for that.
    mutating func stateDamaged(_ reason: String) -> [ShardAction] {
        guard phase == .opening || phase == .serving || phase == .applying else { return [] }
        let damaged = generation
        forgetState()
        phase = .empty
        pendingConfiguration = nil
        return [.discardState(damaged, reason: reason), .abandonCoordinator(reason: reason)]
    }

    mutating func restoreAnnounced(_ request: RequestNumber, _ slice: TensorSlice) -> [ShardAction] {
        // A restore that another one overtook is still on its way.
        guard phase == .restoring, request == configuration?.request else { return [.discard] }
        guard let configuration, slice.stage == configuration.stage,
            restoreStep == nil || restoreStep == slice.step, holds(slice.part, of: slice.block)
        else { return [.breakOff(reason: "it restores a slice that does not belong to the configured stage")] }
        restoreStep = slice.step
        return [.receiveSlice(slice)]
    }

    mutating func restoreReceived(_ slice: TensorSlice) -> [ShardAction] {
        guard phase == .restoring else { return [] }
        restoredParts[Int(slice.block), default: []].insert(slice.part)
        return []
    }

    mutating func restoreDone(_ request: RequestNumber, _ stage: StageIndex, _ step: StepIndex) -> [ShardAction] {
        guard request == configuration?.request || configuration == nil else { return [] }
        if phase == .serving, stage == configuration?.stage, step == version { return stateReported() }
        guard phase == .restoring, let configuration, stage == configuration.stage else {
            return [.breakOff(reason: "it ends a restore that did not begin")]
        }
        for (block, slice) in slices.enumerated() where !slice.isEmpty {
            let (whole, restored) = (configuration.table.blocks[block], restoredParts[block, default: []])
            for part in whole.restoredParts(at: step) where !restored.contains(part) {
                return [.breakOff(reason: "it ends a restore without the \(part) of block \(whole.name)")]
            }
        }
        guard restoreStep == nil || restoreStep == step else {
            return [.breakOff(reason: "it ends a restore at another step than it began")]
        }
        phase = .sealing
        return [.sealRestored(generation, step: step)]
    }

    mutating func restoredSealed(_ step: StepIndex) -> [ShardAction] {
        guard phase == .sealing else { return [] }
        return open(step, hasReduced: false)
    }

    private mutating func open(_ step: StepIndex, hasReduced keptReduced: Bool) -> [ShardAction] {
        phase = .serving
        version = step
        previous = nil
        hasReduced = keptReduced
        let begun = beginStep()
        return stateReported() + serveWaiting() + begun
    }

    private func stateReported() -> [ShardAction] {
        guard let configuration else { return [] }
        let restored = ShardAction.send(.restored(reply, stage: configuration.stage, step: version))
        return hasReduced ? [restored, .report(reply, configuration.stage, version)] : [restored]
    }

    /// Empty trees for the step that turns `version` into the next.
    mutating func beginStep() -> [ShardAction] {
        posts = []
        guard let configuration, configuration.table.trainableCount > 0, configuration.unitsPerStep > 0 else {
            return []
        }
        trees = configuration.table.blocks.indices.map { block in
            let isPushed = configuration.table.blocks[block].isTrainable && !slices[block].isEmpty
            return isPushed && !hasReduced ? UnitTree(unitCount: Int(configuration.unitsPerStep), step: version) : nil
        }
        openTrees = trees.count { $0 != nil }
        // A shard may have no slice of anything that is trained.
        return openTrees == 0 && !hasReduced ? [.sealReduced(generation)] : []
    }

    /// Whether the shard keeps this part of this block.
    func holds(_ part: WeightPart, of block: UInt32) -> Bool {
        guard let configuration, Int(block) < configuration.table.blocks.count else { return false }
        return configuration.table.blocks[Int(block)].parts.contains(part)
    }
}
