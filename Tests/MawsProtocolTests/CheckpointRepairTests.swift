import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// A run whose checkpoint is damaged or gone goes back as far as it must, and no further.
struct CheckpointRepairTests {
    @Test func damageFoundInARestoreLeadsToTheOlderCheckpointOnAllServers() {
        let now = Moment(nanoseconds: 0)
        var core = assembling(at(4), checkpoint: at(4))
        var actions = core.step(.checkpointDamaged(at(4)), now: now)
        #expect(actions == [.findCheckpoint(StageIndex(0), upTo: StepIndex(4))])
        #expect(core.step(.checkpointDamaged(at(4)), now: now).isEmpty)
        let reply = Reply(term: Term(3), request: RequestNumber(1))
        #expect(core.step(.restored(PeerID(1), reply, at(4)), now: now).isEmpty)
        actions = core.step(.checkpointFound(at(2)), now: now)
        #expect(actions.first == .rollBack(at(2)))
        for peer in 0..<2 {
            #expect(actions.contains(.configure(PeerID(UInt64(peer)), keepsState: false)))
            #expect(actions.contains(.restore(PeerID(UInt64(peer)), at(2))))
        }
    }

    @Test func aRestoreOfTheOldCheckpointThatEndsLateDoesNotCount() {
        var core = assembling(at(4), checkpoint: at(4))
        let now = Moment(nanoseconds: 0)
        let reply = core.reply(of: PeerID(0)) ?? Reply(term: Term(0), request: .none)
        #expect(reply == Reply(term: Term(3), request: RequestNumber(1)))
        _ = core.step(.checkpointDamaged(at(4)), now: now)
        _ = core.step(.checkpointFound(at(2)), now: now)
        #expect(core.step(.restored(PeerID(0), reply, at(4)), now: now).isEmpty)
        #expect(core.step(.checkpointDamaged(at(4)), now: now).isEmpty)
        #expect(core.wait(now)?.cause == .shards)
    }

    /// With a coordinator that was killed and a stage whose only checkpoint is damaged.
    @Test func serversWhoseStatesAreWholeNeedNoCheckpointAndOneIsTakenAtOnce() {
        var run = CoordinatorHarness(stages: [training()], position: at(2), checkpoint: nil)
        for index in 0..<2 { run.joinServer(index, hello: hello(index, step: 2)) }
        #expect(run.actions.contains(.configure(run.server(0), keepsState: true)))
        for index in 0..<2 { run.restored(run.server(index), at(2)) }
        #expect(run.actions.contains(.takeCheckpoint(at(2), isBeside: true)))
        let trainer = run.joinTrainer(1)
        #expect(run.leases[trainer]?.step == StepIndex(2))
        #expect(!run.actions.contains { if case .rollBack = $0 { true } else { false } })
        #expect(!run.actions.contains { if case .findCheckpoint = $0 { true } else { false } })
    }

    @Test func withoutCheckpointAndWithAServerWithoutStateTheStageBeginsAgain() {
        var run = CoordinatorHarness(stages: [training(), training(1)], position: at(2, stage: 1), checkpoint: nil)
        run.found = StepIndex(0)
        run.joinServer(0, hello: hello(0, stage: 1, step: 2))
        run.joinServer(1)
        #expect(run.actions.contains(.findCheckpoint(StageIndex(1), upTo: StepIndex(2))))
        #expect(run.actions.contains(.rollBack(at(0, stage: 1))))
        #expect(run.actions.contains(.restore(run.server(0), at(0, stage: 1))))
        #expect(run.joinTrainer(1) == PeerID(1) && run.leases[PeerID(1)]?.stage == StageIndex(1))
    }

    @Test func aDamagedSourceIsComputedAgainAndStagesThatEndedAreNot() {
        var run = CoordinatorHarness(
            stages: [training(steps: 2), training(1, steps: 2), evaluation(2, phases: [1]), training(3, steps: 2)],
            position: at(0, stage: 2), checkpoint: at(0, stage: 2), finished: [StageIndex(0), StageIndex(1)])
        for index in 0..<2 { run.joinServer(index, hello: hello(index, stage: 2, step: 0)) }
        for index in 0..<2 { run.restored(run.server(index), at(0, stage: 2)) }
        let trainer = run.joinTrainer(1)
        run.preparesStages = false
        run.finish(trainer)
        #expect(run.actions.last == .prepareStage(StageIndex(3)))
        run.found = StepIndex(1)
        run.step(.sourceDamaged(StageIndex(0)))
        #expect(run.actions.contains(.findCheckpoint(StageIndex(0), upTo: StepIndex(2))))
        #expect(run.actions.contains(.rollBack(at(1))))
        run.actions = []
        for _ in 0..<4 { run.finish(trainer) }
        run.reduceAll(step: 1)
        #expect(run.actions.contains(.takeCheckpoint(at(2), isBeside: false)))
        #expect(run.actions.suffix(2) == [.stageFinished(StageIndex(0)), .prepareStage(StageIndex(3))])
    }

    /// Preparing a stage again may find that the stage it starts from is damaged too.
    @Test func aSearchThatFindsNothingGoesOnInTheStageBefore() {
        var core = assembling(at(2, stage: 1), checkpoint: at(0, stage: 1))
        let now = Moment(nanoseconds: 0)
        _ = core.step(.checkpointDamaged(at(0, stage: 1)), now: now)
        #expect(
            core.step(.sourceDamaged(StageIndex(0)), now: now) == [.findCheckpoint(StageIndex(0), upTo: StepIndex(3))])
        let actions = core.step(.checkpointFound(at(1)), now: now)
        #expect(actions.first == .rollBack(at(1)))
        #expect(core.progress.done == 1)
    }

    @Test func severalStagesThatAreGoneAreRepairedOneAfterTheOther() {
        var run = CoordinatorHarness(
            stages: [training(steps: 2), training(1, steps: 2), training(2, steps: 2)], position: at(1, stage: 2),
            checkpoint: nil, finished: [StageIndex(0), StageIndex(1)])
        run.preparesStages = false
        run.joinServers()
        #expect(run.actions.last == .findCheckpoint(StageIndex(2), upTo: StepIndex(1)))
        run.step(.sourceDamaged(StageIndex(1)))
        run.found = StepIndex(1)
        run.step(.sourceDamaged(StageIndex(0)))
        #expect(run.actions.contains(.rollBack(at(1))))
        let trainer = run.joinTrainer(1)
        for _ in 0..<4 { run.finish(trainer) }
        run.reduceAll(step: 1)
        #expect(run.actions.last == .prepareStage(StageIndex(1)))
    }

    /// The coordinator was started again while the first of two was repaired: it knows of that one alone.
    @Test func aLaterStageThatHasToBeRepairedIsGoneForwardTo() {
        var run = CoordinatorHarness(
            stages: [training(steps: 2), training(1, steps: 2), training(2, steps: 2)], position: at(1),
            checkpoint: at(1), finished: [StageIndex(1)])
        run.preparesStages = false
        run.joinServers()
        let trainer = run.joinTrainer(1)
        for _ in 0..<4 { run.finish(trainer) }
        run.reduceAll(step: 1)
        #expect(run.actions.last == .prepareStage(StageIndex(2)))
        run.found = StepIndex(0)
        run.step(.sourceDamaged(StageIndex(1)))
        #expect(run.actions.contains(.rollBack(at(0, stage: 1))))
        #expect(run.actions.contains(.restore(run.server(0), at(0, stage: 1))))
        for step in 0..<2 {
            for _ in 0..<4 { run.finish(trainer) }
            run.reduceAll(step: UInt64(step))
        }
        #expect(run.actions.last == .prepareStage(StageIndex(2)))
    }

    @Test func aStageThatHadEndedWhenTheCoordinatorDiedIsNotDoneAgain() {
        let last = CoordinatorHarness(
            stages: [training(), evaluation(1, phases: [2])], position: at(0, stage: 1), checkpoint: at(0, stage: 1),
            finished: [StageIndex(0), StageIndex(1)])
        #expect(last.actions == [.runFinished])
        let first = CoordinatorHarness(
            stages: [training(), evaluation(1, phases: [2])], position: at(3), checkpoint: at(3),
            finished: [StageIndex(0)])
        #expect(first.actions == [.prepareStage(StageIndex(1))])
    }

    @Test func aStopDuringTheSearchEndsTheRunWhereItWentBackTo() {
        var core = assembling(at(4), checkpoint: at(4))
        let now = Moment(nanoseconds: 0)
        _ = core.step(.checkpointDamaged(at(4)), now: now)
        #expect(core.step(.stopRequested, now: now).isEmpty)
        #expect(core.step(.checkpointFound(at(2)), now: now) == [.rollBack(at(2)), .runStopped])
    }

    /// Two servers that are being restored from this checkpoint, nobody having answered.
    private func assembling(_ position: RunPosition, checkpoint: RunPosition) -> CoordinatorCore {
        var core = CoordinatorCore(
            term: Term(3), runID: "run", stages: [training(), training(1)], shardCount: 2, leaseSeconds: 60,
            position: position, checkpoint: checkpoint, lastCommit: nil, secret: [], now: Moment(nanoseconds: 0))
        for index in 0..<2 {
            var joined = hello(index, step: 0)
            joined.runID = ""
            _ = core.step(
                .serverJoined(PeerID(UInt64(index)), name: "server-\(index)", joined), now: Moment(nanoseconds: 0))
        }
        return core
    }

    private func at(_ step: UInt64, stage: UInt32 = 0) -> RunPosition {
        RunPosition(stage: StageIndex(stage), step: StepIndex(step))
    }

    private func hello(_ index: Int, stage: UInt32 = 0, step: UInt64) -> ServerHello {
        ServerHello(
            shard: ShardIdentity(index: index, count: 2), host: "127.0.0.1", port: 1, runID: "run",
            stage: StageIndex(stage), step: StepIndex(step), hasReduced: false)
    }
}
