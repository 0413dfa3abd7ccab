import MawsBase
import MawsWire

/// The life of a step: leases, reports, commit, application, next stage.
extension CoordinatorCore {
    /// Opens the step at `position`, again from its first phase when servers were lost in it.
    mutating func beginStep(_ now: Moment) -> [CoordinatorAction] {
        mode = .computing
        failuresInARow = 0
        failingSince = nil
        phase = 0
        firstPhaseUnits = [:]
        (nonFinite, agreedNonFinite) = ([:], [])
        ledger = UnitLedger(unitCount: stage.unitsInPhase[0])
        let lastPhaseUnits = stage.unitsInPhase[stage.unitsInPhase.count - 1]
        if losses.count != lastPhaseUnits { losses = Array(repeating: nil, count: lastPhaseUnits) }
        if isStopping || isStageOver { return stopForCheckpoint(now) }
        findShards()
        countSpeeds()
        return decideWhenComplete() + grantLeases(now)
    }

    /// Whether the trainer was leased the unit and it is not done: what it says of it may count.
    package func awaits(_ done: UnitDone, from peer: PeerID) -> Bool {
        mode == .computing && done.stage == position.stage && done.step == position.step && done.phase == phase
            && trainers[peer]?.isReady == true && ledger.assignment(done.unit, lease: done.lease, peer) != nil
    }

    /// The largest that fp32 has: what is said to be more is no loss, and as many as a step has units have a finite
    /// sum.
    private static let lossMax = Double(Float.greatestFiniteMagnitude)

    mutating func unitDone(_ peer: PeerID, _ done: UnitDone, _ now: Moment) -> [CoordinatorAction] {
        noteAnswer(peer, lease: done.lease)
        guard awaits(done, from: peer) else { return [] }
        guard done.isFinite, done.loss.magnitude <= Self.lossMax || isAgreed(done.unit.value) else {
            return claimNonFinite(peer, done, now)
        }
        guard isConfirmed(done) else {
            return blame(peer, .unitMissing(unit: done.unit.value, step: done.step.value), now)
        }
        ledger.complete(done.unit)
        failuresInARow = 0
        failingSince = nil
        trainers[peer]?.failures = 0
        let refuted = refuteNonFinite(peer, done.unit.value, now)
        measure(peer, now)
        if phase == 0 { firstPhaseUnits[peer, default: []].insert(done.unit.value) }
        if isLastPhase { losses[Int(done.unit.value)] = done.loss }
        let record = CoordinatorAction.record(done, trainer: trainers[peer]?.name ?? "")
        guard ledger.isComplete else { return [record] + refuted }
        return [record] + refuted + phaseCompleted(now)
    }

    mutating func unitFailed(_ peer: PeerID, _ failed: UnitFailed, _ now: Moment) -> [CoordinatorAction] {
        if let actions = sampleLost(peer, failed, now) { return actions }
        guard mode == .computing, ledger.unit(of: failed.lease, peer) != nil else { return [] }
        ledger.revoke(of: peer)
        failuresInARow += 1
        trainers[peer]?.failures += 1
        let failures = trainers[peer]?.failures ?? 0
        let others = trainers.filter { $0.key != peer && $0.value.isReady && !isSetAside($0.value, now) }
        if failures >= Self.failuresMin, others.contains(where: { $0.value.failures == 0 }) {
            return blame(peer, .returnsUnits(count: failures, lastReason: failed.reason), now)
        }
        let seconds = now.seconds(since: failingSince ?? now)
        failingSince = failingSince ?? now
        if failuresInARow >= Self.failuresMin && seconds >= Self.failingSecondsMax,
            others.allSatisfy({ $0.value.failures > 0 })
        {
            mode = .ended
            return [.runFailed(.nothingComputed(tries: failuresInARow, lastReason: failed.reason))]
        }
        let fact = RunFact.unitReturned(by: trainers[peer]?.name, reason: failed.reason)
        return [.remark(peer, fact)] + grantLeases(now)
    }

    private mutating func phaseCompleted(_ now: Moment) -> [CoordinatorAction] {
        guard isLastPhase else {
            phase += 1
            (nonFinite, agreedNonFinite) = ([:], [])
            ledger = UnitLedger(unitCount: stage.unitsInPhase[phase])
            return grantLeases(now)
        }
        return stage.commits ? decideWhenComplete() : endStage()
    }

    mutating func reduced(_ peer: PeerID, _ report: Reduced) -> [CoordinatorAction] {
        guard let index = index(of: peer, saying: report.reply), report.stage == position.stage,
            report.step == position.step, servers[index]?.isBusy == false
        else { return [] }
        servers[index]?.report = report
        return decideWhenComplete()
    }

    /// Decides the step once every shard is reduced and every unit's loss is known.
    mutating func decideWhenComplete() -> [CoordinatorAction] {
        guard mode == .computing, stage.commits else { return [] }
        for server in servers where server?.report == nil { return [] }
        let known = losses.compactMap { $0 }
        guard known.count == losses.count else { return [] }
        let reports = servers.compactMap { $0?.report }
        mode = .deciding
        return [.decide(position, losses: known, reports: reports)]
    }

    mutating func decided(_ commit: Commit) -> [CoordinatorAction] {
        guard commit.stage == position.stage, commit.step == position.step else { return [] }
        // The commit is durable, so the step counts even if a server was lost meanwhile; it applies it when it is back.
        lastCommit = commit
        let loss = losses.compactMap { $0 }.reduce(0, +)
        let finished = CoordinatorAction.stepFinished(position, loss: loss)
        position.step = commit.step.next
        losses = []
        forgetPushes()
        if mode == .deciding { mode = .applying }
        return readyServers.map { .send($0.peer, .commit(commit)) } + [finished]
    }

    mutating func applied(
        _ peer: PeerID, _ reply: Reply, _ appliedPosition: RunPosition, _ now: Moment
    ) -> [CoordinatorAction] {
        guard let index = index(of: peer, saying: reply), appliedPosition == position else { return [] }
        servers[index]?.version = appliedPosition.step
        servers[index]?.report = nil
        servers[index]?.isBusy = false
        guard mode == .applying else { return assemble(now) }
        return areServersCurrent ? goOn(now) : []
    }

    /// The stage's final weights are in a checkpoint (or its results are in): the next stage starts from its own.
    mutating func endStage() -> [CoordinatorAction] {
        finished.insert(position.stage)
        return [.stageFinished(position.stage)] + prepareNext()
    }

    /// The first later stage that has not ended, which is not the next one where the run went back to repair a stage.
    mutating func prepareNext() -> [CoordinatorAction] {
        guard let next = stages.map(\.index).first(where: { $0 > position.stage && !finished.contains($0) }) else {
            mode = .ended
            return [.runFinished]
        }
        mode = .preparing
        nextStage = next
        return [.prepareStage(next)]
    }

    mutating func stagePrepared(_ prepared: StageIndex, _ now: Moment) -> [CoordinatorAction] {
        guard mode == .preparing else { return [] }
        position = RunPosition(stage: prepared, step: StepIndex(0))
        nextStage = nil
        standsAtCheckpoint(position, now)
        lastCommit = nil
        losses = []
        forgetPushes()
        forgetSpeeds()
        mode = .assembling
        // What they said at hello speaks of an older stage now.
        forgetServers()
        if isStopping {
            mode = .ended
            return [.runStopped]
        }
        return assemble(now)
    }

    /// Finishes the step that is being decided or applied, takes a checkpoint, ends.
    mutating func stopRequested(_ now: Moment) -> [CoordinatorAction] {
        isStopping = true
        switch mode {
        case .computing: return stopForCheckpoint(now)
        case .assembling:
            // Nothing is served that is not in the state files and the checkpoint already.
            mode = .ended
            return [.runStopped]
        case .preparing, .searching, .deciding, .applying, .checkpointing, .ended: return []
        }
    }
}
