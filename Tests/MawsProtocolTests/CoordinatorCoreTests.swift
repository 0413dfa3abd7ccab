import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// Drives a coordinator core the way its shell would, answering every action of servers and trainers at once.
private struct Harness {
    var core: CoordinatorCore
    var now = Moment(nanoseconds: 0)
    var leases: [PeerID: Lease] = [:]
    var commits: [Commit] = []
    var notes: [String] = []
    var actions: [CoordinatorAction] = []
    let shardCount: Int

    init(stages: [StageShape], shardCount: Int = 2, position: RunPosition? = nil, checkpoint: RunPosition? = nil) {
        self.shardCount = shardCount
        core = CoordinatorCore(
            term: Term(3), runID: "run", stages: stages, shardCount: shardCount, leaseSeconds: 60, position: position,
            checkpoint: checkpoint, lastCommit: nil, now: now)
        take(core.start())
    }

    mutating func step(_ event: CoordinatorEvent) { take(core.step(event, now: now)) }

    mutating func take(_ new: [CoordinatorAction]) {
        actions += new
        for action in new { react(action) }
    }

    /// What the shell and faithful servers do on their own.
    private mutating func react(_ action: CoordinatorAction) {
        switch action {
        case .prepareStage(let stage): step(.stagePrepared(stage))
        case .restore(let peer, let position): step(.restored(peer, position))
        case .send(let peer, .lease(let lease)): leases[peer] = lease
        case .send(let peer, .commit(let commit)):
            step(.applied(peer, RunPosition(stage: commit.stage, step: commit.step.next)))
        case .decide(let position, _, _):
            let commit = Commit(
                term: Term(3), stage: position.stage, step: position.step, learningRate: 0.1, clipScale: 1)
            commits.append(commit)
            step(.decided(commit))
        case .takeCheckpoint(let position): step(.checkpointTaken(position))
        case .note(let note): notes.append(note)
        default: break
        }
    }

    mutating func joinServers(_ indices: Range<Int>? = nil) {
        for index in indices ?? 0..<shardCount { joinServer(index) }
    }

    mutating func joinServer(_ index: Int, peer: UInt64? = nil, hello: ServerHello? = nil) {
        step(.serverJoined(server(index, peer), name: "server-\(index)", hello ?? emptyHello(index)))
    }

    func server(_ index: Int, _ peer: UInt64? = nil) -> PeerID { PeerID(peer ?? UInt64(100 + index)) }

    func emptyHello(_ index: Int, of count: Int? = nil) -> ServerHello {
        ServerHello(
            shard: ShardIdentity(index: index, count: count ?? shardCount), host: "127.0.0.1", port: 1, runID: "",
            stage: StageIndex(0), step: StepIndex(0), hasReduced: false)
    }

    mutating func joinTrainer(_ id: UInt64) -> PeerID {
        let peer = PeerID(id)
        step(.trainerJoined(peer, name: "trainer-\(id)"))
        step(.trainerReady(peer))
        step(.leaseRequested(peer))
        return peer
    }

    /// Finishes the unit the trainer holds and asks for the next.
    mutating func finish(_ peer: PeerID, loss: Double = 1) {
        guard let lease = leases.removeValue(forKey: peer) else { return }
        step(.unitDone(peer, done(lease, loss: loss)))
        step(.leaseRequested(peer))
    }

    func done(_ lease: Lease, loss: Double) -> UnitDone {
        UnitDone(
            lease: lease.id, stage: lease.stage, step: lease.step, phase: lease.phase, unit: lease.unit, loss: loss,
            skipped: [], result: [], computeSeconds: 1, waitSeconds: 0)
    }

    mutating func reduceAll(step index: UInt64) {
        for shard in 0..<shardCount { reduce(server(shard), step: index) }
    }

    mutating func reduce(_ peer: PeerID, step index: UInt64) {
        let stage = core.stage.index
        step(
            .reduced(
                peer,
                Reduced(
                    stage: stage, step: StepIndex(index), chunkSquares: [1], bytesPushed: 0, bytesGathered: 0)))
    }
}

private func training(_ index: UInt32 = 0, steps: UInt64 = 3, phases: [Int] = [4], every: UInt64? = nil) -> StageShape {
    StageShape(
        index: StageIndex(index), stepCount: steps, unitsInPhase: phases, commits: true, checkpointSteps: every,
        checkpointSeconds: 1e9)
}

private func evaluation(_ index: UInt32, phases: [Int]) -> StageShape {
    StageShape(
        index: StageIndex(index), stepCount: 1, unitsInPhase: phases, commits: false, checkpointSteps: nil,
        checkpointSeconds: 1e9)
}

@Suite struct CoordinatorCoreTests {
    @Test func everyUnitIsLeasedOnceAndTheStepIsDecidedWhenAllShardsAreReduced() {
        var run = Harness(stages: [training()])
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
            var run = Harness(stages: [training(phases: [2])])
            run.joinServers()
            let peers = [run.joinTrainer(1), run.joinTrainer(2)]
            for index in order { run.finish(peers[index], loss: index == 0 ? 0.1 : 0.7) }
            run.reduceAll(step: 0)
            for case .decide(_, let loss, _) in run.actions { losses.append(loss) }
        }
        #expect(losses == [0.1 + 0.7, 0.1 + 0.7])
    }

    @Test func unitOfALostTrainerGoesToAnother() {
        var run = Harness(stages: [training()])
        run.joinServers()
        let first = run.joinTrainer(1)
        run.step(.peerLost(first, reason: "killed"))
        let second = run.joinTrainer(2)
        #expect(run.leases[second]?.unit == UnitIndex(0))
    }

    @Test func lateUnitIsCopiedToAnIdleTrainerAndCountsOnce() {
        var run = Harness(stages: [training(phases: [2])])
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
        var run = Harness(stages: [training(phases: [1])])
        run.joinServers()
        let trainer = run.joinTrainer(1)
        let old = run.leases[trainer]!
        run.step(.peerLost(run.server(1), reason: "killed"))
        var hello = run.emptyHello(1)
        hello.runID = "run"
        run.joinServer(1, peer: 201, hello: hello)
        run.step(.restored(PeerID(201), RunPosition(stage: StageIndex(0), step: StepIndex(0))))
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
            now: Moment(nanoseconds: 0))
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
        var run = Harness(stages: [training(every: 2)])
        run.joinServers()
        let trainer = run.joinTrainer(1)
        for step in 0..<3 {
            for _ in 0..<4 { run.finish(trainer) }
            if step < 2 { run.reduceAll(step: UInt64(step)) }
        }
        run.step(.peerLost(run.server(0), reason: "disk lost"))
        run.joinServer(0, peer: 300)
        let checkpoint = RunPosition(stage: StageIndex(0), step: StepIndex(2))
        #expect(run.actions.contains(.restore(PeerID(300), checkpoint)))
        #expect(run.actions.contains(.restore(run.server(1), checkpoint)))
    }

    @Test func wrongShardCountAndATakenShardAreRefusedWithAReason() {
        var run = Harness(stages: [training()])
        run.joinServer(0)
        run.joinServer(1, peer: 50, hello: run.emptyHello(1, of: 3))
        run.joinServer(0, peer: 51)
        let reasons = run.actions.compactMap { action -> String? in
            if case .refuse(_, let reason) = action { reason } else { nil }
        }
        #expect(reasons.count == 2)
        #expect(reasons[0].contains("has 2 shards") && reasons[1].contains("already served by server-0"))
    }

    @Test func secondPhaseStartsWhenTheFirstIsWholeAndPrefersTheSameTrainer() {
        var run = Harness(stages: [training(phases: [2, 2])])
        run.joinServers()
        let first = run.joinTrainer(1)
        let second = run.joinTrainer(2)
        run.finish(second)
        run.finish(first)
        #expect(run.leases[second]?.phase == 1 && run.leases[second]?.unit == UnitIndex(1))
        #expect(run.leases[first]?.phase == 1 && run.leases[first]?.unit == UnitIndex(0))
    }

    @Test func planRunsThroughTrainingAndEvaluationToItsEnd() {
        var run = Harness(stages: [training(steps: 2), evaluation(1, phases: [3, 1])])
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

    @Test func stopTakesACheckpointOfTheCommittedSteps() {
        var run = Harness(stages: [training()])
        run.joinServers()
        let trainer = run.joinTrainer(1)
        for _ in 0..<4 { run.finish(trainer) }
        run.reduceAll(step: 0)
        run.finish(trainer)
        run.step(.stopRequested)
        #expect(run.actions.contains(.takeCheckpoint(RunPosition(stage: StageIndex(0), step: StepIndex(1)))))
        #expect(run.actions.last == .runStopped)
    }

    @Test func runFailsWithTheReasonWhenNoUnitCanBeComputed() {
        var run = Harness(stages: [training()])
        run.joinServers()
        let trainer = run.joinTrainer(1)
        for _ in 0..<40 {
            guard let lease = run.leases.removeValue(forKey: trainer) else { break }
            run.now = run.now + 2
            run.step(.unitFailed(trainer, lease: lease.id, reason: "too many unreadable images"))
            run.step(.leaseRequested(trainer))
        }
        guard case .runFailed(let sentence) = run.actions.last else {
            Issue.record("the run went on")
            return
        }
        #expect(sentence.contains("too many unreadable images"))
    }

    @Test func trainerIsNotLeasedAnythingBeforeItsDataIsKnown() {
        var run = Harness(stages: [training()])
        run.joinServers()
        run.step(.trainerJoined(PeerID(7), name: "early"))
        run.step(.leaseRequested(PeerID(7)))
        #expect(run.leases.isEmpty)
        run.step(.trainerReady(PeerID(7)))
        #expect(run.leases.count == 1)
    }

    @Test func waitingForNamesTheMissingShard() {
        var run = Harness(stages: [training()])
        run.joinServer(0)
        run.now = run.now + 2.5
        #expect(run.core.waitingFor(run.now) == "shard 1/2, away since 2.5 s (1 of 2 missing)")
    }
}
