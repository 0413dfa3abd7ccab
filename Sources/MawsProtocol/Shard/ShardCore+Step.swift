import MawsBase
import MawsWire

/// One step of a shard: pushes and rows come in, sums are formed, the commit is applied.
extension ShardCore {
    mutating func pushAnnounced(_ push: Push) -> ShardActions {
        if let settled = settled(push.term, push.stage, push.step) { return .locked(settled) }
        guard isInPlan(push) else {
            return .locked(.breakOff(.noSuchUnits(push)))
        }
        return needed(push) == nil ? .locked(.discard) : .locked(.receive(generation))
    }

    mutating func pushReceived(_ push: Push, _ receivedFor: ShardGeneration, _ now: Moment) -> ShardActions {
        guard receivedFor == generation else {
            return .locked(.lose(.otherState))
        }
        if let settled = settled(push.term, push.stage, push.step) { return .locked(settled) }
        let block = Int(push.block)
        guard let node = needed(push), let arrival = trees[block]?.insert(node) else { return .locked(.discard) }
        let dropped = arrival.dropped.map { ShardAction.drop(generation, block: block, $0) }
        return .locked(.keepGradient(arrival.sum)) + .unlocked(dropped) + advance(block, arrival.next, now)
    }

    private func isInPlan(_ push: Push) -> Bool {
        guard let configuration, Int(push.block) < configuration.table.blocks.count else { return false }
        return configuration.table.blocks[Int(push.block)].isTrainable
            && UnitTree.node(of: push, unitCount: Int(configuration.unitsPerStep)) != nil
    }

    /// Nil for what was pushed before, by this trainer or by another.
    private func needed(_ push: Push) -> UnitTree.Node? {
        guard !hasReduced, let tree = trees[Int(push.block)],
            let node = UnitTree.node(of: push, unitCount: tree.unitCount), !tree.contains(node)
        else { return nil }
        return node
    }

    mutating func combined(_ block: Int, _ left: UnitTree.Sum, _ now: Moment) -> ShardActions {
        advance(block, trees[block]?.combined(left) ?? .drop(left), now)
    }

    private mutating func advance(_ block: Int, _ next: UnitTree.Next, _ now: Moment) -> ShardActions {
        switch next {
        case .waits: .nothing
        case .combine(let left, let right): .unlocked(.combine(generation, block: block, left: left, right: right))
        case .complete(let sum): store(block, sum, now)
        case .drop(let sum): .unlocked(.drop(generation, block: block, sum))
        }
    }

    /// From here on nobody may start to read the version that is overwritten.
    private mutating func store(_ block: Int, _ sum: UnitTree.Sum, _ now: Moment) -> ShardActions {
        previous = nil
        unstored.append((block, sum))
        return storeOrDrop(now)
    }

    mutating func blockStored() -> ShardActions {
        openTrees -= 1
        return openTrees == 0 ? .unlocked(.sealReduced(generation)) : .nothing
    }

    mutating func reducedSealed() -> ShardActions {
        guard let configuration, !hasReduced else { return .nothing }
        hasReduced = true
        return .unlocked(.report(reply, configuration.stage, version))
    }

    mutating func rowsAnnounced(_ unitRows: UnitRows) -> ShardActions {
        if let settled = settled(unitRows.term, unitRows.stage, unitRows.step) { return .locked(settled) }
        return sharedRows.contains(unitRows.unit) ? .locked(.discard) : .locked(.receive(generation))
    }

    mutating func rowsReceived(_ unitRows: UnitRows, _ receivedFor: ShardGeneration) -> ShardActions {
        guard receivedFor == generation else {
            return .locked(.lose(.otherState))
        }
        if let settled = settled(unitRows.term, unitRows.stage, unitRows.step) { return .locked(settled) }
        return sharedRows.insert(unitRows.unit).inserted ? .locked(.keepRows) : .locked(.discard)
    }

    /// What becomes of a payload whatever is in it; nil when it belongs to the present step.
    private func settled(_ sent: Term, _ stage: StageIndex, _ step: StepIndex) -> ShardLockedAction? {
        guard let configuration, phase == .serving || phase == .applying else {
            return .lose(.noState)
        }
        if stage < configuration.stage || stage == configuration.stage && step < version { return .discard }
        guard stage == configuration.stage, step == version else {
            let own = RunPosition(stage: configuration.stage, step: version)
            return .lose(.otherStep(own: own, sent: RunPosition(stage: stage, step: step)))
        }
        guard sent == term else {
            return .lose(.otherTerm(own: term, sent: sent))
        }
        return nil
    }

    mutating func committed(_ commit: Commit) -> ShardActions {
        guard let configuration, commit.term == term, commit.stage == configuration.stage else {
            return .unlocked(.abandonCoordinator(.foreignCommit))
        }
        if phase == .applying { return .nothing }
        if phase == .serving, commit.step < version {
            return .unlocked(.send(.applied(reply, stage: configuration.stage, step: version)))
        }
        guard phase == .serving, commit.step == version, hasReduced else {
            return .unlocked(
                .abandonCoordinator(.otherCommit(commit.step, own: version, isReduced: hasReduced)))
        }
        phase = .applying
        return .unlocked(.apply(commit, generation))
    }

    mutating func applied(_ now: Moment) -> ShardActions {
        guard phase == .applying, let configuration else { return .nothing }
        phase = .serving
        previous = version
        version = version.next
        hasReduced = false
        let begun = beginStep()
        var actions = ShardActions.unlocked(.send(.applied(reply, stage: configuration.stage, step: version)))
        actions += serveWaiting() + begun
        guard let wanted = pendingConfiguration else { return actions }
        pendingConfiguration = nil
        return actions + configured(wanted, now)
    }
}
