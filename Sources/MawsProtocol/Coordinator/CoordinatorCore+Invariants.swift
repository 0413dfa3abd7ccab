import MawsBase
import MawsWire

/// What must be true of a coordinator after every event, and from each to the next. Tests and simulations ask after
/// every event; the coordinator asks before it commits a step.
extension CoordinatorCore {
    /// What must be true of the state, and is not.
    package func violations() -> [String] {
        positionViolations() + checkpointViolations() + serverViolations() + stepViolations() + leaseViolations()
    }

    private func positionViolations() -> [String] {
        var found: [String] = []
        if position.step.value > stage.stepCount {
            found.append("more steps are committed than stage \(stage.index) has")
        }
        if let checkpointPosition,
            checkpointPosition.stage != position.stage || checkpointPosition.step > position.step
        {
            found.append("the newest checkpoint is of a step that is not committed")
        }
        if let lastCommit, lastCommit.stage != position.stage || lastCommit.step.next != position.step {
            found.append("the last commit is not that of the step before")
        }
        if isWorking && finished.contains(position.stage) { found.append("a stage that ended is worked at") }
        return found
    }

    private func serverViolations() -> [String] {
        var found: [String] = []
        for (index, server) in servers.enumerated() {
            guard let server else { continue }
            if server.hello.shard != ShardIdentity(index: index, count: servers.count) {
                found.append("\(server.name) serves a shard that is not its own")
            }
            if let version = server.version, version != position.step && version.next != position.step {
                found.append("\(server.name) is at version \(version.value) of step \(position.step.value)")
            }
            if let report = server.report,
                report.stage != position.stage || report.step != position.step && report.step.next != position.step
            {
                found.append("\(server.name) has reduced a step that is not this one")
            }
        }
        let peers = readyServers.map(\.peer) + trainers.keys
        if Set(peers).count != peers.count { found.append("a connection is two peers") }
        return found
    }

    private func stepViolations() -> [String] {
        guard isWorking else { return [] }
        var found: [String] = []
        if !areServersCurrent || readyServers.contains(where: \.isBusy) {
            found.append("a step is computed and not all shards are at its version")
        }
        if !stage.unitsInPhase.indices.contains(phase) || ledger.unitCount != stage.unitsInPhase[phase] {
            found.append("the units that are leased are not those of phase \(phase)")
        }
        if isLastPhase,
            losses.count != ledger.unitCount
                || losses.indices.contains(where: { ledger.isDone($0) && losses[$0] == nil })
        {
            found.append("a unit is done and has no loss")
        }
        if mode == .deciding,
            readyServers.contains(where: { $0.report?.step != position.step }) || losses.contains(where: { $0 == nil })
        {
            found.append("a step is decided of which not all is known")
        }
        return found
    }

    private func leaseViolations() -> [String] {
        guard isWorking else { return [] }
        let assignments = ledger.assignments
        var found: [String] = []
        if assignments.contains(where: { trainers[$0.assignment.trainer]?.isReady != true }) {
            found.append("a unit is leased to a trainer that is not here")
        }
        if Set(assignments.map(\.assignment.lease)).count != assignments.count
            || assignments.contains(where: { $0.assignment.lease >= nextLease })
        {
            found.append("a lease stands for two units")
        }
        let holdings = assignments.map { [UInt64($0.unit.value), $0.assignment.trainer.value] }
        if Set(holdings).count != holdings.count { found.append("a trainer is leased one unit twice") }
        return found
    }

    /// Whether units are leased, or their step decided.
    private var isWorking: Bool { mode == .computing || mode == .deciding }

    /// What must be true of one event's effect, and is not: versions do not go back but to a checkpoint, units count
    /// once, nothing is done after the end.
    ///
    /// - Parameter before: the core before the event.
    package func violations(since before: CoordinatorCore, _ actions: [CoordinatorAction]) -> [String] {
        var found: [String] = []
        if term < before.term { found.append("the term went back") }
        if nextLease < before.nextLease { found.append("a lease's number is given again") }
        if before.mode == .ended && !actions.isEmpty { found.append("something is done after the end") }
        return found + moveViolations(since: before, actions) + countViolations(since: before, actions)
    }

    private func moveViolations(since before: CoordinatorCore, _ actions: [CoordinatorAction]) -> [String] {
        guard position != before.position else { return [] }
        let targets = actions.compactMap { action -> RunPosition? in
            if case .rollBack(let target) = action { target } else { nil }
        }
        if targets.contains(position) { return [] }
        if position.stage != before.position.stage {
            let isBegun = before.mode == .preparing && position.step == StepIndex(0)
            return isBegun ? [] : ["another stage is under way and nobody prepared it"]
        }
        let isCommitted = actions.contains { action in
            if case .stepFinished(before.position, _) = action { true } else { false }
        }
        return position.step == before.position.step.next && isCommitted
            ? [] : ["step \(position.step.value) comes after step \(before.position.step.value)"]
    }

    private func countViolations(since before: CoordinatorCore, _ actions: [CoordinatorAction]) -> [String] {
        let counted = actions.compactMap { action -> Int? in
            if case .record(let done, _) = action { Int(done.unit.value) } else { nil }
        }
        guard !counted.isEmpty else { return [] }
        var found: [String] = []
        if before.mode != .computing || counted.contains(where: before.ledger.isDone) {
            found.append("a unit counts that was done")
        }
        if Set(counted).count != counted.count { found.append("a unit counts twice") }
        let isSamePhase = mode == .computing && position == before.position && phase == before.phase
        if isSamePhase, ledger.doneCount != before.ledger.doneCount + counted.count {
            found.append("more or fewer units are done than count")
        }
        return found
    }
}
