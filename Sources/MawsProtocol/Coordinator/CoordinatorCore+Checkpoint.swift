import MawsBase

/// When a checkpoint is taken, and what becomes of the run then.
///
/// Steps go on while it is taken: the servers keep its version readable. They stop for the last one of a stage and for
/// that of a run that is stopped, of which nothing must come after, and where a server could not keep a version. There
/// is one at a time: one that is due while another is under way is taken when that is done.
extension CoordinatorCore {
    struct CheckpointUnderWay: Hashable {
        var position: RunPosition
        var since: Moment
        /// Whether it was said that another is due already.
        var isLate = false
    }

    /// All servers are at `position`.
    mutating func goOn(_ now: Moment) -> [CoordinatorAction] {
        guard !isStopping, !isStageOver, isCheckpointDue(now) else { return beginStep(now) }
        guard let underWay else {
            let stops = stopsForCheckpoint || !stage.commits
            return stops ? stopForCheckpoint(now) : takeCheckpoint(isBeside: true, now) + beginStep(now)
        }
        guard !underWay.isLate else { return beginStep(now) }
        self.underWay?.isLate = true
        let fact = RunFact.checkpointLate(due: position.step, underWay: underWay.position.step)
        return [.note(fact)] + beginStep(now)
    }

    var isStageOver: Bool { stage.commits && position.step.value >= stage.stepCount }

    private func isCheckpointDue(_ now: Moment) -> Bool {
        guard let newest = underWay?.position ?? checkpointPosition else { return true }
        guard stage.commits, newest != position else { return false }
        if underWay == nil && retakesCheckpoint { return true }
        if let steps = stage.checkpointSteps, position.step.value - newest.step.value >= steps { return true }
        return now.seconds(since: checkpointMoment) >= stage.checkpointSeconds
    }

    private mutating func takeCheckpoint(isBeside: Bool, _ now: Moment) -> [CoordinatorAction] {
        underWay = CheckpointUnderWay(position: position, since: now)
        (checkpointMoment, retakesCheckpoint) = (now, false)
        return [.takeCheckpoint(position, isBeside: isBeside)]
    }

    /// Every server is at `position`: nothing more is done before there is a checkpoint of it.
    mutating func stopForCheckpoint(_ now: Moment) -> [CoordinatorAction] {
        mode = .checkpointing
        if let underWay { return underWay.position == position ? [] : [.giveUpCheckpoint] }
        return checkpointPosition == position ? afterCheckpoint(now) : takeCheckpoint(isBeside: false, now)
    }

    mutating func checkpointTaken(_ taken: RunPosition, _ now: Moment) -> [CoordinatorAction] {
        guard underWay?.position == taken else { return [] }
        underWay = nil
        checkpointPosition = taken
        stopsForCheckpoint = false
        switch mode {
        case .checkpointing: return stopForCheckpoint(now)
        case .assembling: return assemble(now)
        default: return []
        }
    }

    /// It is taken anew, of the version that the servers are at then: at once where they are at one.
    mutating func checkpointFailed(
        _ failed: RunPosition, _ failure: CheckpointFailure, _ now: Moment
    ) -> [CoordinatorAction] {
        guard underWay?.position == failed else { return [] }
        underWay = nil
        retakesCheckpoint = true
        checkpointsGivenUp += 1
        if case .lacking = failure { stopsForCheckpoint = true }
        let note = [CoordinatorAction.note(.checkpointNotTaken(failed.step, failure))]
        switch mode {
        case .checkpointing, .assembling:
            mode = .assembling
            return note + assemble(now)
        case .computing where !stopsForCheckpoint, .deciding where !stopsForCheckpoint:
            return note + takeCheckpoint(isBeside: true, now)
        default: return note
        }
    }

    private mutating func afterCheckpoint(_ now: Moment) -> [CoordinatorAction] {
        if isStageOver { return endStage() }
        if isStopping {
            mode = .ended
            return [.runStopped]
        }
        mode = .assembling
        return assemble(now)
    }

    /// No checkpoint is under way, and the newest one is of this position.
    mutating func standsAtCheckpoint(_ position: RunPosition, _ now: Moment) {
        (checkpointPosition, checkpointMoment) = (position, now)
        (underWay, retakesCheckpoint, stopsForCheckpoint) = (nil, false, false)
    }

    /// The step whose checkpoint is under way beside the steps, and since how many seconds.
    package func checkpointBeside(_ now: Moment) -> (step: StepIndex, seconds: Double)? {
        guard mode != .checkpointing, let underWay else { return nil }
        return (underWay.position.step, now.seconds(since: underWay.since))
    }

    func checkpointViolations() -> [String] {
        var found: [String] = []
        if mode == .checkpointing && underWay == nil { found.append("steps stop for a checkpoint that nobody takes") }
        guard let underWay, mode != .ended else { return found }
        if mode == .preparing || mode == .searching {
            found.append("a checkpoint is under way of a stage that is not")
        }
        if underWay.position.stage != position.stage || underWay.position.step > position.step {
            found.append("a checkpoint is taken of a step that is not committed")
        }
        if let checkpointPosition, checkpointPosition >= underWay.position {
            found.append("a checkpoint is taken that there is")
        }
        return found
    }
}
