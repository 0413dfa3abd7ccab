import MawsBase
import MawsWire

/// Who is here, what each is doing, and who everybody waits for.
extension CoordinatorCore {
    package func peerReports(_ now: Moment) -> [PeerReport] {
        servers.indices.map { serverReport($0, now) } + trainers.keys.sorted().map { trainerReport($0, now) }
    }

    /// Trainers that may be leased something.
    package var readyTrainers: Int { trainers.values.count(where: \.isReady) }

    /// The shard that a connected server serves.
    package func shard(of peer: PeerID) -> ShardIdentity? {
        readyServers.first { $0.peer == peer }?.hello.shard
    }

    /// Stages that ended and whose results stand.
    package var endedStages: Set<StageIndex> { finished }

    /// Steps done and in all of a training stage, units of an evaluation.
    package var progress: (done: Int, total: Int) {
        if nextStage != nil { return (0, shownStage.total) }
        if stage.commits { return (Int(position.step.value), Int(stage.stepCount)) }
        let before = stage.unitsInPhase.prefix(phase).reduce(0, +)
        return (before + (mode == .computing ? ledger.doneCount : 0), stage.total)
    }

    /// Who everybody waits for; nil while work is flowing.
    package func wait(_ now: Moment) -> Wait? {
        let seconds = now.seconds(since: modeSince)
        return switch mode {
        case .preparing: Wait(.firstCheckpoint, seconds: seconds)
        case .searching: Wait(.wholeCheckpoint, seconds: seconds)
        case .assembling: missingServers(seconds, now)
        case .computing: lateWork(seconds, now)
        case .applying: Wait(.application(step: position.step.value), seconds: seconds)
        case .checkpointing: Wait(.slices, seconds: seconds)
        case .deciding, .ended: nil
        }
    }

    private func serverReport(_ index: Int, _ now: Moment) -> PeerReport {
        guard let server = servers[index] else {
            let seconds = now.seconds(since: serverAwaySince[index])
            return PeerReport(role: .server, shard: index, activity: .away(seconds: seconds))
        }
        return PeerReport(
            name: server.name, role: .server, shard: index, peer: server.peer, activity: activity(server))
    }

    private func activity(_ server: Server) -> PeerActivity {
        guard !server.isBusy, let version = server.version else { return .receivesShard }
        return server.report == nil ? .serves(version: version.value) : .reduced(step: position.step.value)
    }

    private func trainerReport(_ peer: PeerID, _ now: Moment) -> PeerReport {
        let trainer = trainers[peer]
        let held = ledger.assignments.filter { $0.assignment.trainer == peer }
        var activity = trainer?.isReady == true ? PeerActivity.idle : .opensData
        if let first = held.first, let last = held.last, mode == .computing {
            activity = .computes(
                firstUnit: first.unit.value, lastUnit: last.unit.value, step: position.step.value,
                seconds: now.seconds(since: first.assignment.since))
        } else if let setAside = trainer?.setAside, setAside.until > now {
            activity = .setAside(setAside.fault, secondsLeft: setAside.until.seconds(since: now))
        } else if let since = trainer?.waitsSince {
            activity = .waitsForUnit(seconds: now.seconds(since: since))
        }
        return PeerReport(name: trainer?.name, role: .trainer, peer: peer, activity: activity)
    }

    private func missingServers(_ seconds: Double, _ now: Moment) -> Wait {
        let missing = servers.indices.filter { servers[$0] == nil }
        guard let first = missing.first else {
            let busy = readyServers.filter(\.isBusy)
            if busy.isEmpty && underWay != nil { return Wait(.slices, seconds: seconds) }
            // One that keeps the others waiting has a name.
            return Wait(busy.count == 1 ? busy[0].name : nil, .shards, seconds: seconds)
        }
        return Wait(
            .missingShard(first, of: servers.count, missing: missing.count),
            seconds: now.seconds(since: serverAwaySince[first]))
    }

    private func lateWork(_ seconds: Double, _ now: Moment) -> Wait? {
        let ready = trainers.values.filter(\.isReady)
        if ready.isEmpty { return Wait(.noTrainer, seconds: seconds) }
        if ready.allSatisfy({ isSetAside($0, now) }) { return Wait(.trainersSetAside, seconds: seconds) }
        if ledger.isComplete, let late = readyServers.first(where: { $0.report == nil }), stage.commits {
            return Wait(late.name, .sum(step: position.step.value), seconds: seconds)
        }
        guard let oldest = ledger.oldest else { return nil }
        let isLate = now.seconds(since: oldest.assignment.lastBegins) > lateSeconds
        guard isLate || trainers.values.contains(where: { $0.waitsSince != nil }) else { return nil }
        return Wait(
            trainers[oldest.assignment.trainer]?.name, .unit(oldest.unit.value, step: position.step.value),
            seconds: now.seconds(since: oldest.assignment.since))
    }
}
