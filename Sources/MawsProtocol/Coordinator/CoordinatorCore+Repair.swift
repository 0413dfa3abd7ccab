import MawsBase
import MawsWire

/// What becomes of a run whose checkpoint turns out to be damaged or gone: it goes back as far as it must, to an older
/// checkpoint of the stage, to the stage's beginning, or to the stage that this one starts from, and computes the same
/// bits again. Nothing of what a damaged checkpoint gave to a server is ever served.
extension CoordinatorCore {
    mutating func checkpointDamaged(_ damaged: RunPosition) -> [CoordinatorAction] {
        // Each server that was restored from it says so.
        guard mode == .assembling, checkpointPosition == damaged else { return [] }
        return search(damaged.stage)
    }

    mutating func sourceDamaged(_ source: StageIndex) -> [CoordinatorAction] {
        guard mode == .preparing || mode == .searching else { return [] }
        // It has to end once more, whichever stage before it has to be repaired first.
        finished.remove(source)
        return search(source)
    }

    /// Nothing that is served, restored or known of checkpoints counts until one was found.
    mutating func search(_ stage: StageIndex) -> [CoordinatorAction] {
        mode = .searching
        nextStage = nil
        checkpointPosition = nil
        forgetServers()
        let newest = stage == position.stage ? position.step : StepIndex(stages[Int(stage.value)].stepCount)
        return [.findCheckpoint(stage, upTo: newest)]
    }

    mutating func checkpointFound(_ found: RunPosition, _ now: Moment) -> [CoordinatorAction] {
        guard mode == .searching else { return [] }
        standsAtCheckpoint(found, now)
        mode = .assembling
        var actions: [CoordinatorAction] = []
        // What is found may be of a later stage, too: a repaired one may want a stage after it repaired as well.
        if found != position {
            actions.append(.rollBack(found))
            if found.stage != position.stage { forgetSpeeds() }
            position = found
            finished.remove(found.stage)
            lastCommit = nil
            losses = []
            forgetPushes()
            // Until they are restored, servers and trainers may be at this very step.
            dropsStep = true
            if let newestLeased, newestLeased >= position { knowsWhoMayHavePushed = false }
        }
        if isStopping {
            mode = .ended
            return actions + [.runStopped]
        }
        return actions + assemble(now)
    }

    /// No server holds what the run stands at, whatever it said or did before.
    mutating func forgetServers() {
        for index in servers.indices {
            servers[index]?.version = nil
            servers[index]?.report = nil
            servers[index]?.configured = nil
            servers[index]?.isBusy = false
            servers[index]?.hello.runID = ""
        }
    }
}
