import MawsBase
import MawsWire

/// What one process of the run is doing, for people.
package struct PeerReport: Hashable, Sendable {
    package var name: String
    package var role: Role
    package var peer: PeerID?
    package var doing: String
}

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

    /// Who everybody waits for, since when and for what; nil while work is flowing.
    package func waitingFor(_ now: Moment) -> String? {
        switch mode {
        case .preparing: "the coordinator, which makes the stage's first checkpoint"
        case .searching: "the coordinator, which looks for a whole checkpoint"
        case .assembling: missingServers(now)
        case .computing: lateWork(now)
        case .deciding: nil
        case .applying: "the servers, which apply step \(position.step.value)"
        case .checkpointing: "the servers, which send their slices for the checkpoint"
        case .ended: nil
        }
    }

    private func serverReport(_ index: Int, _ now: Moment) -> PeerReport {
        guard let server = servers[index] else {
            let seconds = now.seconds(since: serverAwaySince[index])
            return PeerReport(
                name: "server-\(index)", role: .server, peer: nil, doing: "away since \(tenths(seconds)) s")
        }
        return PeerReport(name: server.name, role: .server, peer: server.peer, doing: doing(server))
    }

    private func doing(_ server: Server) -> String {
        if server.isBusy || server.version == nil { return "receives its shard" }
        if server.report != nil { return "step \(position.step.value) reduced" }
        return "serves version \(server.version?.value ?? 0)"
    }

    private func trainerReport(_ peer: PeerID, _ now: Moment) -> PeerReport {
        let trainer = trainers[peer]
        let held = ledger.assignments.filter { $0.assignment.trainer == peer }
        var doing = trainer?.isReady == true ? "idle" : "opens its data"
        if let first = held.first, let last = held.last, mode == .computing {
            let seconds = tenths(now.seconds(since: first.assignment.since))
            let units =
                held.count == 1 ? "unit \(first.unit.value)" : "units \(first.unit.value) to \(last.unit.value)"
            doing = "\(units) of step \(position.step.value) since \(seconds) s"
        } else if let setAside = trainer?.setAside, setAside.until > now {
            doing = "set aside for \(tenths(setAside.until.seconds(since: now))) s more: \(setAside.reason)"
        } else if let since = trainer?.waitsSince {
            doing = "waits for a unit since \(tenths(now.seconds(since: since))) s"
        }
        return PeerReport(name: trainer?.name ?? "", role: .trainer, peer: peer, doing: doing)
    }

    private func missingServers(_ now: Moment) -> String? {
        let missing = servers.indices.filter { servers[$0] == nil }
        guard let first = missing.first else { return "the servers, which receive their shards" }
        let seconds = tenths(now.seconds(since: serverAwaySince[first]))
        return "shard \(first)/\(servers.count), away since \(seconds) s (\(missing.count) of \(servers.count) missing)"
    }

    private func lateWork(_ now: Moment) -> String? {
        let ready = trainers.values.filter(\.isReady)
        if ready.isEmpty { return "a trainer: none is here" }
        if ready.allSatisfy({ isSetAside($0, now) }) { return "a trainer: all that are here are set aside" }
        if ledger.isComplete, let late = readyServers.first(where: { $0.report == nil }), stage.commits {
            return "\(late.name), which adds up step \(position.step.value)"
        }
        guard trainers.values.contains(where: { $0.waitsSince != nil }), let oldest = ledger.oldest else { return nil }
        let name = trainers[oldest.assignment.trainer]?.name ?? "a trainer"
        let seconds = tenths(now.seconds(since: oldest.assignment.since))
        return "\(name): unit \(oldest.unit.value) of step \(position.step.value) since \(seconds) s"
    }

    private func tenths(_ seconds: Double) -> String {
        let value = Int(seconds * 10)
        return "\(value / 10).\(value % 10)"
    }
}
