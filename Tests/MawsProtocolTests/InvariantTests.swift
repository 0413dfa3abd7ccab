import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// The checks themselves: a core in which something was made wrong says so, one that did right does not.
struct InvariantTests {
    /// Random events in any order, as no shell would send them: whatever comes, what must be true stays true.
    @Test(arguments: 0..<24)
    func noOrderOfEventsBreaksWhatMustBeTrue(seed: UInt64) {
        var run = CoordinatorHarness(stages: [
            training(0, steps: 3, phases: [4], every: 1), training(1, steps: 2, phases: [3, 5]),
        ])
        run.takesCheckpoints = seed % 2 == 0
        var random = CounterRandom(seed: seed, purpose: .test, element: 0)
        run.found = StepIndex(0)
        var present: Set<UInt64> = []
        for _ in 0..<400 { act(&run, &random, &present) }
        heal(&run, present)
    }

    /// Everybody who is here goes, honest ones come: the run ends, unless all that came before ended it.
    private func heal(_ run: inout CoordinatorHarness, _ present: Set<UInt64>) {
        run.takesCheckpoints = true
        run.endCheckpoint(.serverLost)
        for peer in present { run.step(.peerLost(PeerID(peer), .line("gone"))) }
        for shard in 0..<2 { run.step(.peerLost(run.server(shard), .line("gone"))) }
        run.now = run.now + 3600
        run.joinServers()
        let trainer = run.joinTrainer(50)
        for _ in 0..<200 where !isEnded(run) {
            run.finish(trainer)
            run.reduceAll(step: run.core.committed.step.value)
        }
        #expect(isEnded(run), "it stands at \(run.core.committed), waiting for \(run.core.wait(run.now) as Any)")
    }

    private func isEnded(_ run: CoordinatorHarness) -> Bool {
        run.actions.contains { action in
            switch action {
            case .runFinished, .runFailed, .runStopped: true
            default: false
            }
        }
    }

    private func act(_ run: inout CoordinatorHarness, _ random: inout CounterRandom, _ present: inout Set<UInt64>) {
        run.now = run.now + Double(random.below(8))
        let trainer = PeerID(UInt64(1 + random.below(3)))
        let server = random.below(2)
        switch random.below(12) {
        case 0: run.joinServer(server)
        case 1: if random.below(4) == 0 { run.step(.peerLost(run.server(server), .line("gone"))) }
        case 2: if present.insert(trainer.value).inserted { _ = run.joinTrainer(trainer.value) }
        case 3:
            guard random.below(4) == 0, present.remove(trainer.value) != nil else { return }
            run.step(.peerLost(trainer, .line("gone")))
        case 4, 5, 6: run.finish(trainer)
        case 7: run.step(.leaseRequested(trainer))
        case 8: run.reduce(run.server(server), step: run.core.committed.step.value)
        case 9: run.leases[trainer].map { run.step(.unitDone(trainer, run.done($0, loss: .nan))) }
        case 10: run.leases[trainer].map { run.step(.unitFailed(trainer, UnitFailed(lease: $0.id, reason: "x"))) }
        default: stray(&run, &random, trainer, run.server(server))
        }
    }

    /// What comes late, twice or from nowhere.
    private func stray(
        _ run: inout CoordinatorHarness, _ random: inout CounterRandom, _ trainer: PeerID, _ server: PeerID
    ) {
        let position = RunPosition(
            stage: StageIndex(UInt32(random.below(2))), step: StepIndex(UInt64(random.below(4))))
        switch random.below(9) {
        case 0: run.restored(server, position)
        case 1: run.step(.applied(server, run.reply(of: server), position))
        case 2: run.step(.checkpointFailed(position, .serverLost))
        case 3: run.step(.checkpointDamaged(position))
        case 4: run.step(.misbehaved(trainer, .unitOfNoStage))
        case 6: run.endCheckpoint()
        case 7: run.endCheckpoint([.serverLost, .lacking("x"), .overtaken][random.below(3)])
        case 5: run.step(.newerTermKnown(Term(run.core.term.value + 1), name: "x"))
        default: run.step(.tick)
        }
    }

    @Test func aUnitThatCountsAgainIsFound() {
        var run = CoordinatorHarness(stages: [training(steps: 3, phases: [4])])
        run.joinServers()
        let trainer = run.joinTrainer(1)
        run.finish(trainer)
        let record = run.actions.last { if case .record = $0 { true } else { false } }
        #expect(
            record.map { run.core.violations(since: run.core, [$0]) }?.contains("a unit counts that was done") == true)
    }

    @Test func aStepThatIsLeftOutIsFound() {
        let before = CoordinatorHarness(stages: [training()]).core
        let later = CoordinatorHarness(
            stages: [training()], position: RunPosition(stage: StageIndex(0), step: StepIndex(2))
        ).core
        #expect(later.violations(since: before, []) == ["step 2 comes after step 0"])
        #expect(before.violations(since: later, []) == ["step 0 comes after step 2"])
        let back = CoordinatorAction.rollBack(RunPosition(stage: StageIndex(0), step: StepIndex(0)))
        #expect(before.violations(since: later, [back]) == [])
    }

    /// What is read at a start is held against the same rules.
    @Test func aCheckpointOfAStepThatIsNotCommittedIsFound() {
        let position = RunPosition(stage: StageIndex(0), step: StepIndex(1))
        let run = CoordinatorHarness(
            stages: [training()], position: position,
            checkpoint: RunPosition(stage: StageIndex(0), step: StepIndex(2)))
        #expect(run.core.violations() == ["the newest checkpoint is of a step that is not committed"])
    }
}
