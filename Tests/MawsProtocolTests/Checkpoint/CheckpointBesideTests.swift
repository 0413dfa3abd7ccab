import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// A checkpoint stops nobody: steps go on while it is taken, whatever becomes of it.
struct CheckpointBesideTests {
    private func run(steps: UInt64 = 6, every: UInt64 = 2) -> (run: CoordinatorHarness, trainer: PeerID) {
        var run = CoordinatorHarness(stages: [training(steps: steps, every: every)])
        run.takesCheckpoints = false
        run.joinServers()
        let trainer = run.joinTrainer(1)
        return (run, trainer)
    }

    private func at(_ step: UInt64) -> RunPosition { RunPosition(stage: StageIndex(0), step: StepIndex(step)) }

    private func asked(_ run: CoordinatorHarness) -> [CoordinatorAction] {
        run.actions.filter { if case .takeCheckpoint = $0 { true } else { false } }
    }

    private func isGoneBack(_ run: CoordinatorHarness) -> Bool {
        run.actions.contains { if case .rollBack = $0 { true } else { false } }
    }

    @Test func stepsGoOnAndTheNextIsTakenWhenItIsDone() {
        var (run, trainer) = run(steps: 9)
        for _ in 0..<2 { run.finishStep(trainer) }
        #expect(asked(run) == [.takeCheckpoint(at(2), isBeside: true)] && run.leases[trainer] != nil)
        #expect(run.core.checkpointBeside(run.now + 3)?.step == StepIndex(2))
        #expect(run.core.checkpointBeside(run.now + 3)?.seconds == 3 && run.core.wait(run.now + 3) == nil)
        for _ in 0..<3 { run.finishStep(trainer) }
        #expect(run.core.committed == at(5) && run.core.newestCheckpoint == at(0))
        #expect(run.notes.filter { $0 == .checkpointLate(due: StepIndex(4), underWay: StepIndex(2)) }.count == 1)
        #expect(asked(run).count == 1)
        run.endCheckpoint()
        #expect(run.core.newestCheckpoint == at(2) && asked(run).count == 1)
        run.finishStep(trainer)
        #expect(asked(run).last == .takeCheckpoint(at(6), isBeside: true) && run.core.checkpointsGivenUp == 0)
    }

    /// Servers are told to keep the version before anything leaves by which it could be overwritten.
    @Test func itIsAskedForBeforeTheStepAfterItBegins() {
        var (run, trainer) = run()
        for _ in 0..<2 { run.finishStep(trainer) }
        let asked = run.actions.firstIndex(of: .takeCheckpoint(at(2), isBeside: true))
        let leased = run.actions.firstIndex { action in
            if case .send(_, .leases(let leases)) = action { leases[0].step == StepIndex(2) } else { false }
        }
        #expect(asked != nil && leased != nil && asked! < leased!)
    }

    /// It is taken anew at the version of that moment; nothing is computed again.
    @Test func oneThatAServerWasLostInIsGivenUpCountedAndTakenAnew() {
        var (run, trainer) = run()
        for _ in 0..<3 { run.finishStep(trainer) }
        run.step(.peerLost(run.server(1), .line("killed")))
        run.endCheckpoint(.serverLost)
        #expect(asked(run).count == 1, "not before all servers are at one version")
        var back = run.emptyHello(1)
        (back.runID, back.step) = ("run", StepIndex(3))
        run.joinServer(1, hello: back)
        run.restored(run.server(1), at(3))
        #expect(asked(run).last == .takeCheckpoint(at(3), isBeside: true) && !isGoneBack(run))
        #expect(run.core.checkpointsGivenUp == 1)
        #expect(run.notes.contains(.checkpointNotTaken(StepIndex(2), .serverLost)))
        run.endCheckpoint()
        #expect(run.core.newestCheckpoint == at(3))
        // What it had been leased before does not count any more.
        for _ in 0..<2 { run.finishStep(trainer) }
        #expect(run.core.committed == at(4))
    }

    @Test func oneThatIsGivenUpInTheMidstOfAStepIsTakenAnewOfTheVersionInForce() {
        var (run, trainer) = run()
        for _ in 0..<3 { run.finishStep(trainer) }
        run.finish(trainer)
        run.endCheckpoint(.serverLost)
        #expect(asked(run).last == .takeCheckpoint(at(3), isBeside: true) && !isGoneBack(run))
    }

    /// A server that cannot keep a version has it while nothing comes after it.
    @Test func stepsStopForTheNextWhereAServerCouldNotKeepAVersion() {
        var (run, trainer) = run(steps: 9)
        for _ in 0..<3 { run.finishStep(trainer) }
        run.endCheckpoint(.lacking("the disk is full"))
        #expect(asked(run).count == 1, "not in the midst of a step")
        run.finishStep(trainer)
        #expect(asked(run).last == .takeCheckpoint(at(4), isBeside: false) && run.leases[trainer] == nil)
        #expect(run.core.wait(run.now)?.cause == .slices)
        run.endCheckpoint()
        #expect(run.leases[trainer] != nil)
        for _ in 0..<2 { run.finishStep(trainer) }
        #expect(asked(run).last == .takeCheckpoint(at(6), isBeside: true), "the next one is tried beside steps again")
    }

    /// A stage ends with the checkpoint of its last version: one before it makes room, or is waited for where it can
    /// make room no more.
    @Test(arguments: [nil, CheckpointFailure.overtaken])
    func theLastOfAStageIsWholeBeforeTheStageEnds(failure: CheckpointFailure?) {
        var (run, trainer) = run(steps: 3)
        for _ in 0..<3 { run.finishStep(trainer) }
        #expect(run.actions.contains(.giveUpCheckpoint) && run.core.wait(run.now)?.cause == .slices)
        #expect(asked(run).count == 1)
        run.endCheckpoint(failure)
        #expect(asked(run).last == .takeCheckpoint(at(3), isBeside: false))
        #expect(!run.actions.contains(.stageFinished(StageIndex(0))))
        run.endCheckpoint()
        #expect(run.actions.suffix(2) == [.stageFinished(StageIndex(0)), .runFinished])
        #expect(run.core.checkpointsGivenUp == (failure == nil ? 0 : 1))
    }

    @Test func aStopTakesOneOfTheVersionInForce() {
        var (run, trainer) = run()
        for _ in 0..<3 { run.finishStep(trainer) }
        run.step(.stopRequested)
        #expect(run.actions.last == .giveUpCheckpoint)
        run.endCheckpoint(.overtaken)
        #expect(asked(run).last == .takeCheckpoint(at(3), isBeside: false))
        run.endCheckpoint()
        #expect(run.actions.last == .runStopped)
    }

    /// It is of the version in force already.
    @Test func aStopWaitsForTheOneUnderWayOfItsVersion() {
        var (run, trainer) = run()
        for _ in 0..<2 { run.finishStep(trainer) }
        run.step(.stopRequested)
        #expect(asked(run).count == 1 && !run.actions.contains(.giveUpCheckpoint))
        run.endCheckpoint()
        #expect(run.actions.last == .runStopped)
    }

    /// All slices of the server that lost its state may be there: the checkpoint is newer than the one before.
    @Test(arguments: [nil, CheckpointFailure.serverLost])
    func aRunThatGoesBackWaitsForWhatIsUnderWay(failure: CheckpointFailure?) {
        var (run, trainer) = run()
        for _ in 0..<3 { run.finishStep(trainer) }
        run.step(.peerLost(run.server(0), .line("its disk is gone")))
        run.joinServer(0, peer: 300)
        #expect(!isGoneBack(run) && run.core.wait(run.now)?.cause == .slices)
        run.endCheckpoint(failure)
        let position = at(failure == nil ? 2 : 0)
        #expect(run.actions.contains(.rollBack(position)) && run.core.committed == position)
        #expect(run.actions.contains(.restore(PeerID(300), position)))
    }

    /// What ends late, or was never asked for, does not count.
    @Test func whatIsNotUnderWayIsNotTaken() {
        var (run, trainer) = run()
        for _ in 0..<3 { run.finishStep(trainer) }
        run.step(.checkpointTaken(at(3)))
        run.step(.checkpointFailed(at(3), .serverLost))
        #expect(run.core.newestCheckpoint == at(0) && run.core.checkpointBeside(run.now)?.step == StepIndex(2))
        #expect(run.core.checkpointsGivenUp == 0)
    }
}

/// What servers are told of a checkpoint that is taken beside steps.
struct CheckpointFreezeTests {
    private let position = CheckpointCoreTests.position

    @Test func serversKeepTheVersionUntilTheCheckpointHasIt() {
        var run = CheckpointHarness()
        run.begin(position, isBeside: true)
        #expect(run.frozen == [PeerID(1), PeerID(2)])
        let slices = run.asked
        for (peer, slice) in slices.dropLast() { run.deliver(slice, from: peer) }
        #expect(run.kept.map(\.1) == slices.dropLast().map(\.1) && run.thawed.isEmpty)
        run.deliver(slices[slices.count - 1].1, from: slices[slices.count - 1].0)
        #expect(run.thawed == [PeerID(1), PeerID(2)] && run.sealed == run.core.attempt)
    }

    @Test func whereStepsWaitServersAreToldNothingOfIt() {
        var run = CheckpointHarness()
        run.begin(position)
        for (peer, slice) in run.asked { run.deliver(slice, from: peer) }
        #expect(run.frozen.isEmpty && run.kept.isEmpty && run.thawed.isEmpty)
    }

    @Test func aServerAllOfWhoseSlicesAreHereIsNotMissed() {
        var run = CheckpointHarness()
        run.begin(position, isBeside: true)
        for (peer, slice) in run.asked where peer == PeerID(1) { run.deliver(slice, from: peer) }
        run.step(.peerLost(PeerID(1)))
        #expect(run.failures == [])
        for (peer, slice) in run.asked where peer == PeerID(2) { run.deliver(slice, from: peer) }
        #expect(run.sealed == run.core.attempt)
    }

    @Test func whatAServerHasNotKeptEndsTheAttemptAndNotTheServer() {
        var run = CheckpointHarness()
        run.begin(position, isBeside: true)
        let attempt = run.core.attempt!
        run.step(.declined(PeerID(1), CheckpointAttempt(99), "late"))
        #expect(run.failures == [])
        run.step(.declined(PeerID(1), attempt, "the disk is full"))
        #expect(run.failures == [.lacking("the disk is full")] && run.lost == [] && run.abandoned == [attempt])
        #expect(run.thawed == [PeerID(1), PeerID(2)])
        run.begin(position)
        run.step(.declined(PeerID(1), run.core.attempt!, "it is at step 1"))
        #expect(run.lost == [PeerID(1)] && run.failures.count == 1)
    }

    @Test func oneIsWithdrawnForAsLongAsSlicesAreMissing() {
        var run = CheckpointHarness()
        run.step(.withdrawn)
        run.begin(position, isBeside: true)
        run.step(.withdrawn)
        #expect(run.failures == [.overtaken] && run.thawed.count == 2 && run.core.attempt == nil)
        run.begin(position, isBeside: true)
        for (peer, slice) in run.asked { run.deliver(slice, from: peer) }
        run.step(.withdrawn)
        run.step(.sealed(run.sealed!))
        #expect(run.taken == [position] && run.failures.count == 1)
    }
}
