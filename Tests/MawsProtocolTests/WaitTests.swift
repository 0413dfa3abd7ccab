import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// Who everybody waits for, as facts.
struct WaitTests {
    @Test func aUnitThatIsLateIsWaitedForThoughEveryTrainerIsAtWork() {
        var run = CoordinatorHarness(stages: [training(steps: 9, phases: [2])])
        run.joinServers()
        let (first, second) = (run.joinTrainer(1), run.joinTrainer(2))
        // A second for each of some units: from then on one of more than three is late.
        for step in 0..<3 {
            run.now = run.now + 1
            run.finish(first)
            run.finish(second)
            run.reduceAll(step: UInt64(step))
        }
        #expect(run.leases.count == 2)
        run.now = run.now + 2.9
        #expect(run.core.wait(run.now) == nil)
        run.now = run.now + 0.2
        let wait = run.core.wait(run.now)
        #expect(wait?.name == "trainer-1" && wait?.cause == .unit(0, step: 3))
        #expect(abs((wait?.seconds ?? 0) - 3.1) < 1e-6)
    }

    @Test func withoutTrainersOneIsWaitedForSinceTheStepBegan() {
        var run = CoordinatorHarness(stages: [training()])
        run.joinServers()
        run.now = run.now + 4
        #expect(run.core.wait(run.now) == Wait(.noTrainer, seconds: 4))
    }

    @Test func theServerThatStillAddsUpIsNamed() {
        var run = CoordinatorHarness(stages: [training(steps: 2, phases: [1])])
        run.joinServers()
        let trainer = run.joinTrainer(1)
        run.finish(trainer)
        run.reduce(run.server(0), step: 0)
        #expect(run.core.wait(run.now)?.cause == .sum(step: 0))
        #expect(run.core.wait(run.now)?.name == "server-1")
    }

    @Test func everyPeerDoesSomething() {
        var run = CoordinatorHarness(stages: [training(steps: 2, phases: [4])])
        run.joinServer(0)
        run.now = run.now + 1.5
        #expect(run.core.peerReports(run.now).map(\.activity) == [.receivesShard, .away(seconds: 1.5)])
        run.joinServer(1)
        let trainer = run.joinTrainer(1)
        run.step(.trainerJoined(PeerID(2), name: "trainer-2"))
        run.now = run.now + 0.5
        #expect(
            run.core.peerReports(run.now).map(\.activity) == [
                .serves(version: 0), .serves(version: 0),
                .computes(firstUnit: 0, lastUnit: 0, step: 0, seconds: 0.5), .opensData,
            ])
        run.step(.misbehaved(trainer, .unitOfNoStage))
        guard case .setAside(.unitOfNoStage, let left) = run.core.peerReports(run.now)[2].activity else {
            return #expect(Bool(false), "it is not set aside")
        }
        #expect(left > 0)
    }
}
