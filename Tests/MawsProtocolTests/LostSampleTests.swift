import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// Samples that trainers cannot get.
@Suite struct LostSampleTests {
    private func lost(_ index: UInt64, lease: Lease) -> UnitFailed {
        UnitFailed(
            lease: lease.id, reason: "the server is silent",
            sample: LostSample(
                slot: index + 1000, index: index, shard: "a.tar", member: "m\(index)", offset: 512,
                reason: "the server is silent"))
    }

    /// The trainer gives its unit back for this sample and asks for another.
    private func lose(_ index: UInt64, _ run: inout CoordinatorHarness, _ peer: PeerID) {
        guard let lease = run.leases.removeValue(forKey: peer) else { return }
        run.step(.unitFailed(peer, lost(index, lease: lease)))
        run.step(.leaseRequested(peer))
    }

    private func excluded(_ run: CoordinatorHarness) -> [ExcludedSample] {
        run.actions.compactMap { if case .excludeSample(let sample, _) = $0 { sample } else { nil } }
    }

    private func startsOver(_ run: CoordinatorHarness) -> Int {
        run.actions.count { $0 == .configure(run.server(0), keepsState: true, keepsStep: false) }
    }

    @Test func theOnlyTrainersWordCountsAndItsNextLeaseOfTheUnitNamesTheSample() {
        var run = CoordinatorHarness(stages: [training(phases: [2])])
        run.joinServers()
        let trainer = run.joinTrainer(1)
        lose(7, &run, trainer)
        #expect(excluded(run).map(\.lost.index) == [7] && excluded(run).map(\.lost.slot) == [1007])
        #expect(run.leases[trainer]?.unit == UnitIndex(0) && run.leases[trainer]?.excluded == [7])
        lose(3, &run, trainer)
        #expect(run.leases[trainer]?.excluded == [3, 7])
        // Nothing of the unit ever reached a server: the step goes on.
        #expect(startsOver(run) == 0 && run.core.term == Term(3))
        run.finish(trainer)
        #expect(run.leases[trainer]?.unit == UnitIndex(1) && run.leases[trainer]?.excluded == [])
    }

    @Test func anotherTrainerIsAskedFirstAndTheUnitAvoidsTheOneThatFailed() {
        var run = CoordinatorHarness(stages: [training(phases: [4])])
        run.joinServers()
        let (first, second) = (run.joinTrainer(1), run.joinTrainer(2))
        lose(7, &run, first)
        #expect(excluded(run).isEmpty)
        #expect(run.leases[first]?.unit == UnitIndex(2))
        run.finish(second)
        #expect(run.leases[second]?.unit == UnitIndex(0) && run.leases[second]?.excluded == [])
        // It gets the sample: nothing is excluded.
        run.finish(second)
        #expect(excluded(run).isEmpty && run.leases[second]?.unit == UnitIndex(3))
    }

    @Test func twoTrainersWordsCount() {
        var run = CoordinatorHarness(stages: [training(phases: [4])])
        run.joinServers()
        let (first, second) = (run.joinTrainer(1), run.joinTrainer(2))
        lose(7, &run, first)
        run.finish(second)
        lose(7, &run, second)
        #expect(excluded(run).map(\.unit) == [UnitIndex(0)] && startsOver(run) == 0)
        #expect(run.leases[second]?.unit == UnitIndex(0) && run.leases[second]?.excluded == [7])
    }

    /// One that was late, or died, or lost its connection after its gradients were pushed.
    @Test func theStepStartsOverWhereACopyOfTheUnitMayHaveLeftATrace() {
        var run = CoordinatorHarness(stages: [training(phases: [2])])
        run.joinServers()
        let first = run.joinTrainer(1)
        run.step(.peerLost(first, .line("killed")))
        let second = run.joinTrainer(2)
        let old = run.leases[second]
        lose(7, &run, second)
        #expect(startsOver(run) == 1 && run.core.term == Term(4))
        #expect(run.leases[second] == nil)
        // What is on its way from before does not count: reports of the old gradients, results of old leases.
        run.reduceAll(step: 0)
        if let old { run.step(.unitDone(second, run.done(old, loss: 1))) }
        for server in 0..<2 {
            run.restored(run.server(server), RunPosition(stage: StageIndex(0), step: StepIndex(0)))
        }
        #expect(run.leases[second]?.term == Term(4) && run.leases[second]?.excluded == [7])
        for _ in 0..<2 { run.finish(second) }
        #expect(run.commits.isEmpty)
        run.reduceAll(step: 0)
        #expect(run.commits.count == 1)
        #expect(run.leases[second]?.step == StepIndex(1) && run.leases[second]?.excluded == [])
    }

    @Test func aServerThatWasAwayDropsTheStepWhenItIsBack() {
        var run = CoordinatorHarness(stages: [training(phases: [2])])
        run.joinServers()
        run.step(.peerLost(run.joinTrainer(1), .line("killed")))
        let trainer = run.joinTrainer(2)
        lose(7, &run, trainer)
        run.step(.peerLost(run.server(1), .line("killed")))
        var hello = run.emptyHello(1)
        (hello.runID, hello.hasReduced) = ("run", true)
        run.joinServer(1, peer: 300, hello: hello)
        run.restored(run.server(0), RunPosition(stage: StageIndex(0), step: StepIndex(0)))
        #expect(run.actions.contains(.configure(PeerID(300), keepsState: true, keepsStep: false)))
    }

    @Test func aCoordinatorThatStartsAgainKnowsTheExcludedSamplesAndDropsTheStepUnderWay() {
        let position = RunPosition(stage: StageIndex(0), step: StepIndex(2))
        let samples = [(position, 9), (position, 4), (RunPosition(stage: StageIndex(0), step: StepIndex(1)), 5)].map {
            ExcludedSample(
                position: $0.0, unit: UnitIndex(0),
                lost: LostSample(slot: 0, index: UInt64($0.1), shard: "", member: "", offset: 0, reason: ""))
        }
        var run = CoordinatorHarness(
            stages: [training(phases: [1])], shardCount: 1, position: position, checkpoint: position, excluded: samples)
        var hello = run.emptyHello(0)
        (hello.runID, hello.step, hello.hasReduced) = ("run", StepIndex(2), true)
        run.joinServer(0, hello: hello)
        #expect(run.actions.contains(.configure(run.server(0), keepsState: true, keepsStep: false)))
        run.restored(run.server(0), position)
        let trainer = run.joinTrainer(1)
        #expect(run.leases[trainer]?.excluded == [4, 9])
    }

    /// Back to the checkpoint: the leases of the steps that are computed again name the same samples.
    @Test func recomputationAfterARestorePassesOverTheSameSamples() {
        var run = CoordinatorHarness(stages: [training(steps: 9, phases: [1])])
        run.joinServers()
        let trainer = run.joinTrainer(1)
        lose(7, &run, trainer)
        for step in 0..<3 {
            run.finish(trainer)
            run.reduceAll(step: UInt64(step))
        }
        #expect(run.commits.count == 3)
        run.step(.peerLost(run.server(0), .line("disk lost")))
        run.joinServer(0, peer: 300)
        run.leases = [:]
        run.step(.leaseRequested(trainer))
        #expect(run.leases[trainer]?.step == StepIndex(0) && run.leases[trainer]?.excluded == [7])
    }

    @Test func manyLostSamplesAreNoFailureOfTheRun() {
        var run = CoordinatorHarness(stages: [training(phases: [1])])
        run.joinServers()
        let trainer = run.joinTrainer(1)
        for index in 0..<20 {
            run.now = run.now + 10
            lose(UInt64(index), &run, trainer)
        }
        #expect(excluded(run).count == 20 && run.leases[trainer]?.excluded == (0..<20).map(UInt64.init))
    }
}
