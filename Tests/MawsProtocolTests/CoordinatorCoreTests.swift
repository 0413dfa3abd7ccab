import MawsBase
import MawsProtocol
import MawsWire
import Testing

@Suite struct CoordinatorCoreTests {
    @Test func everyUnitIsLeasedOnceAndTheStepIsDecidedWhenAllShardsAreReduced() {
        var run = CoordinatorHarness(stages: [training()])
        run.joinServers()
        let first = run.joinTrainer(1)
        let second = run.joinTrainer(2)
        #expect(run.leases[first]?.unit == UnitIndex(0) && run.leases[second]?.unit == UnitIndex(1))
        for _ in 0..<2 {
            run.finish(first)
            run.finish(second)
        }
        #expect(run.commits.isEmpty)
        run.reduceAll(step: 0)
        #expect(run.commits.map(\.step) == [StepIndex(0)])
        #expect(run.leases[first]?.step == StepIndex(1))
    }

    @Test func lossOfAStepIsTheSumOverUnitsWhateverTheOrderTheyFinishIn() {
        var losses: [Double] = []
        for order in [[0, 1], [1, 0]] {
            var run = CoordinatorHarness(stages: [training(phases: [2])])
            run.joinServers()
            let peers = [run.joinTrainer(1), run.joinTrainer(2)]
            for index in order { run.finish(peers[index], loss: index == 0 ? 0.1 : 0.7) }
            run.reduceAll(step: 0)
            for case .decide(_, let shares, _) in run.actions { losses.append(shares.reduce(0, +)) }
        }
        #expect(losses == [0.1 + 0.7, 0.1 + 0.7])
    }

    @Test func unitOfALostTrainerGoesToAnother() {
        var run = CoordinatorHarness(stages: [training()])
        run.joinServers()
        let first = run.joinTrainer(1)
        run.step(.peerLost(first, .line("killed")))
        let second = run.joinTrainer(2)
        #expect(run.leases[second]?.unit == UnitIndex(0))
    }

    @Test func lateUnitIsCopiedToAnIdleTrainerAndCountsOnce() {
        var run = CoordinatorHarness(stages: [training(phases: [2])])
        run.joinServers()
        let slow = run.joinTrainer(1)
        let fast = run.joinTrainer(2)
        run.now = run.now + 1
        run.finish(fast)
        #expect(run.leases[fast] == nil)
        run.now = run.now + 10
        run.step(.tick)
        #expect(run.leases[fast]?.unit == UnitIndex(0))
        run.finish(fast)
        run.finish(slow)
        run.reduceAll(step: 0)
        #expect(run.commits.count == 1)
    }

    @Test func workOfALeaseFromBeforeAServerWasLostDoesNotCount() {
        var run = CoordinatorHarness(stages: [training(phases: [1])])
        run.joinServers()
        let trainer = run.joinTrainer(1)
        let old = run.leases[trainer]!
        run.step(.peerLost(run.server(1), .line("killed")))
        var hello = run.emptyHello(1)
        hello.runID = "run"
        run.joinServer(1, peer: 201, hello: hello)
        run.restored(PeerID(201), RunPosition(stage: StageIndex(0), step: StepIndex(0)))
        run.step(.unitDone(trainer, run.done(old, loss: 1)))
        run.reduce(run.server(0), step: 0)
        run.reduce(PeerID(201), step: 0)
        #expect(run.commits.isEmpty)
        run.step(.leaseRequested(trainer))
        #expect(run.leases[trainer]?.id != old.id)
        run.finish(trainer)
        #expect(run.commits.count == 1)
    }

    @Test func serverThatDiedBetweenCommitAndApplicationGetsTheCommitAgain() {
        let start = RunPosition(stage: StageIndex(0), step: StepIndex(0))
        var core = CoordinatorCore(
            term: Term(9), runID: "run", stages: [training()], shardCount: 1, leaseSeconds: 60,
            position: RunPosition(stage: StageIndex(0), step: StepIndex(2)), checkpoint: start,
            lastCommit: Commit(
                term: Term(8), stage: StageIndex(0), step: StepIndex(1), learningRate: 0.5, clipScale: 0.25),
            secret: [], now: Moment(nanoseconds: 0))
        let hello = ServerHello(
            shard: ShardIdentity(index: 0, count: 1), host: "", port: 0, runID: "run", stage: StageIndex(0),
            step: StepIndex(1), hasReduced: true)
        let actions = core.step(.serverJoined(PeerID(1), name: "s", hello), now: Moment(nanoseconds: 1))
        #expect(actions.contains(.configure(PeerID(1), keepsState: true)))
        let commit = Commit(
            term: Term(9), stage: StageIndex(0), step: StepIndex(1), learningRate: 0.5, clipScale: 0.25)
        #expect(actions.contains(.send(PeerID(1), .commit(commit))))
    }

    @Test func serverWithoutItsStateSendsEverybodyBackToTheCheckpoint() {
        var run = CoordinatorHarness(stages: [training(every: 2)])
        run.joinServers()
        let trainer = run.joinTrainer(1)
        for step in 0..<3 {
            for _ in 0..<4 { run.finish(trainer) }
            if step < 2 { run.reduceAll(step: UInt64(step)) }
        }
        run.step(.peerLost(run.server(0), .line("disk lost")))
        run.joinServer(0, peer: 300)
        let checkpoint = RunPosition(stage: StageIndex(0), step: StepIndex(2))
        #expect(run.actions.contains(.restore(PeerID(300), checkpoint)))
        #expect(run.actions.contains(.restore(run.server(1), checkpoint)))
    }

    @Test func wrongShardCountAndATakenShardAreRefusedWithAReason() {
        var run = CoordinatorHarness(stages: [training()])
        run.joinServer(0)
        run.joinServer(1, peer: 50, hello: run.emptyHello(1, of: 3))
        run.joinServer(0, peer: 51)
        let refusals = run.actions.compactMap { action -> AdmissionRefusal? in
            if case .refuse(_, let refusal) = action { refusal } else { nil }
        }
        let other = AdmissionRefusal.otherShardCount(name: "server-1", ShardIdentity(index: 1, count: 3), due: 2)
        let taken = AdmissionRefusal.shardServed(
            ShardIdentity(index: 0, count: 2), by: "server-0", host: "127.0.0.1")
        #expect(refusals == [other, taken])
        #expect(!other.mayTryAgain && taken.mayTryAgain, "a taken shard may be free later")
        #expect(!run.actions.contains(.welcome(PeerID(50))) && !run.actions.contains(.welcome(PeerID(51))))
        #expect(run.actions.first { $0 == .welcome(run.server(0)) } != nil)
    }

    /// The holder's line is gone without a word: whoever brings the shard's state takes its place once it is silent.
    @Test func serverWithTheStateReplacesASilentOneAndNobodyElse() {
        var run = CoordinatorHarness(stages: [training()])
        run.joinServers()
        let trainer = run.joinTrainer(1)
        for _ in 0..<4 { run.finish(trainer) }
        run.reduceAll(step: 0)
        var hello = run.emptyHello(0)
        let holder = run.core.holder(of: hello.shard)
        #expect(holder == run.server(0))
        #expect(!run.core.mayReplace(run.server(0), hello, silentSeconds: 9), "it has no state")
        (hello.runID, hello.step) = ("run", StepIndex(1))
        #expect(!run.core.mayReplace(run.server(0), hello, silentSeconds: 1.5), "the holder was heard from")
        #expect(!run.core.mayReplace(run.server(1), hello, silentSeconds: 9), "that is another shard's server")
        #expect(run.core.mayReplace(run.server(0), hello, silentSeconds: 3.5))
        run.step(.peerLost(run.server(0), .line("silent")))
        run.joinServer(0, peer: 300, hello: hello)
        #expect(run.actions.contains(.welcome(PeerID(300))))
        #expect(run.actions.contains(.configure(PeerID(300), keepsState: true)))
    }

    @Test func secondPhaseStartsWhenTheFirstIsWholeAndPrefersTheSameTrainer() {
        var run = CoordinatorHarness(stages: [training(phases: [2, 2])])
        run.joinServers()
        let first = run.joinTrainer(1)
        let second = run.joinTrainer(2)
        run.finish(second)
        run.finish(first)
        #expect(run.leases[second]?.phase == 1 && run.leases[second]?.unit == UnitIndex(1))
        #expect(run.leases[first]?.phase == 1 && run.leases[first]?.unit == UnitIndex(0))
    }

    @Test func planRunsThroughTrainingAndEvaluationToItsEnd() {
        var run = CoordinatorHarness(stages: [training(steps: 2), evaluation(1, phases: [3, 1])])
        run.joinServers()
        let trainer = run.joinTrainer(1)
        for step in 0..<2 {
            for _ in 0..<4 { run.finish(trainer) }
            run.reduceAll(step: UInt64(step))
        }
        for _ in 0..<4 { run.finish(trainer) }
        #expect(run.actions.last == .runFinished)
        #expect(run.actions.filter { if case .stageFinished = $0 { true } else { false } }.count == 2)
    }

    @Test func whileAStageIsPreparedItIsTheOneThatIsWaitedFor() {
        var run = CoordinatorHarness(stages: [training(steps: 1), evaluation(1, phases: [3, 1])])
        run.joinServers()
        let trainer = run.joinTrainer(1)
        #expect(run.core.shownStage.index == StageIndex(0))
        run.preparesStages = false
        for _ in 0..<4 { run.finish(trainer) }
        run.reduceAll(step: 0)
        #expect(run.core.shownStage.index == StageIndex(1))
        #expect(run.core.progress == (0, 4))
        #expect(run.core.wait(run.now)?.cause == .firstCheckpoint)
        #expect(run.core.committed == RunPosition(stage: StageIndex(0), step: StepIndex(1)))
        run.step(.stagePrepared(StageIndex(1)))
        #expect(run.core.stage.index == StageIndex(1) && run.core.progress == (0, 4))
    }

    @Test func stopTakesACheckpointOfTheCommittedSteps() {
        var run = CoordinatorHarness(stages: [training()])
        run.joinServers()
        let trainer = run.joinTrainer(1)
        for _ in 0..<4 { run.finish(trainer) }
        run.reduceAll(step: 0)
        run.finish(trainer)
        run.step(.stopRequested)
        let position = RunPosition(stage: StageIndex(0), step: StepIndex(1))
        #expect(run.actions.contains(.takeCheckpoint(position, isBeside: false)))
        #expect(run.actions.last == .runStopped)
    }

    /// Everything that is committed is durable, so that nobody has to wait for a server that may not come back.
    @Test func stopDoesNotWaitForAServerThatIsGone() {
        var run = CoordinatorHarness(stages: [training()])
        run.joinServers()
        let trainer = run.joinTrainer(1)
        for _ in 0..<4 { run.finish(trainer) }
        run.reduceAll(step: 0)
        let position = RunPosition(stage: StageIndex(0), step: StepIndex(1))
        #expect(run.core.step(.stopRequested, now: run.now) == [.takeCheckpoint(position, isBeside: false)])
        let lost = run.core.step(.peerLost(run.server(0), .line("killed")), now: run.now)
        #expect(!lost.contains(.runStopped), "its slices are still collected")
        let failed = run.core.step(.checkpointFailed(position, .serverLost), now: run.now)
        #expect(failed.last == .runStopped)
    }

    @Test func runFailsWithTheReasonWhenNoUnitCanBeComputed() {
        var run = CoordinatorHarness(stages: [training()])
        run.joinServers()
        let trainer = run.joinTrainer(1)
        for _ in 0..<40 {
            guard let lease = run.leases.removeValue(forKey: trainer) else { break }
            run.now = run.now + 2
            run.step(.unitFailed(trainer, UnitFailed(lease: lease.id, reason: "too many unreadable images")))
            run.step(.leaseRequested(trainer))
        }
        guard case .runFailed(.nothingComputed(_, lastReason: "too many unreadable images")) = run.actions.last else {
            Issue.record("the run went on, or failed for another reason")
            return
        }
    }

    @Test func trainerIsNotLeasedAnythingBeforeItsDataIsKnown() {
        var run = CoordinatorHarness(stages: [training()])
        run.joinServers()
        run.step(.trainerJoined(PeerID(7), name: "early"))
        run.step(.leaseRequested(PeerID(7)))
        #expect(run.leases.isEmpty)
        run.step(.trainerReady(PeerID(7)))
        #expect(run.leases.count == 1)
    }

    @Test func theMissingShardIsWaitedForSinceItIsAway() {
        var run = CoordinatorHarness(stages: [training()])
        run.joinServer(0)
        run.now = run.now + 2.5
        #expect(run.core.wait(run.now) == Wait(.missingShard(1, of: 2, missing: 1), seconds: 2.5))
    }
}
