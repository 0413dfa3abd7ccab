import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// Who has not shown that it answers stands in nobody's way.
@Suite struct TrialTests {
    /// A run in which one trainer has done a whole step, and holds all of the next.
    private func runWithAProvenTrainer(units: Int = 4) -> (CoordinatorHarness, PeerID) {
        var run = CoordinatorHarness(stages: [training(steps: 100, phases: [units])])
        run.joinServers()
        let proven = run.joinTrainer(1)
        finishStep(&run, proven)
        return (run, proven)
    }

    /// The trainer does all that it gets, a tenth of a second each, until there is no more of this step.
    private func finishStep(_ run: inout CoordinatorHarness, _ peer: PeerID) {
        let step = UInt64(run.commits.count)
        while run.batches[peer]?.first?.step == StepIndex(step) { run.finishBatch(peer, unitSeconds: 0.1) }
        run.reduceAll(step: step)
    }

    private func join(_ run: inout CoordinatorHarness, _ id: UInt64, _ certificate: String) -> PeerID {
        let peer = PeerID(id)
        run.step(.trainerJoined(peer, name: "trainer-\(id)", certificate: certificate))
        run.step(.trainerReady(peer))
        run.step(.leaseRequested(peer))
        return peer
    }

    @Test func thoseWhoComeAndNeverAnswerDelayNoStep() {
        var (run, proven) = runWithAProvenTrainer()
        var silent = (UInt64(1000)..<1008).map { join(&run, $0, "eve") }
        for step in 1..<20 {
            let start = run.now
            finishStep(&run, proven)
            #expect(run.commits.count == step + 1)
            #expect(run.now.seconds(since: start) < 1)
            // They come again, which costs them nothing.
            for peer in silent { run.step(.peerLost(peer, .line("closed"))) }
            silent = silent.map { join(&run, $0.value + 1000, "eve") }
        }
    }

    @Test func aNewcomersAnswerCountsAndMakesItOneThatIsCountedOn() throws {
        var (run, proven) = runWithAProvenTrainer(units: 8)
        let newcomer = join(&run, 2, "bob")
        finishStep(&run, proven)
        let unit = try #require(run.leases[newcomer]?.unit)
        run.finish(newcomer)
        let next = try #require(run.leases[newcomer])
        #expect(next.step == StepIndex(2) && next.unit != unit, "it is done, and by the newcomer")
        finishStep(&run, proven)
        #expect(run.commits.count == 2, "what it holds now is waited for")
        while run.leases[newcomer]?.step == next.step { run.finish(newcomer) }
        run.reduceAll(step: 2)
        #expect(run.commits.count == 3)
    }

    @Test func whoWasCountedOnAndLetAUnitBecomeLateHasToAnswerTwiceAsOften() throws {
        var (run, proven) = runWithAProvenTrainer(units: 8)
        let other = join(&run, 2, "bob")
        finishStep(&run, proven)
        run.finish(other)
        let held = try #require(run.leases[other]?.unit)
        finishStep(&run, proven)
        run.now = run.now + 10
        run.step(.tick)
        #expect(run.batches[proven]?.map(\.unit) == [held], "it is late")
        finishStep(&run, proven)
        #expect(run.commits.count == 3)
        // It answers late, which is one answer, and has to give another before it is counted on.
        run.finish(other)
        #expect(run.leases[other]?.step == StepIndex(3))
        finishStep(&run, proven)
        #expect(run.commits.count == 4, "what it holds was computed twice")
    }

    @Test func nobodyIsOnTrialWhereNobodyIsProven() {
        var run = CoordinatorHarness(stages: [training(phases: [2])])
        run.joinServers()
        let (first, second) = (run.joinTrainer(1), run.joinTrainer(2))
        #expect(run.leases[first]?.unit != run.leases[second]?.unit)
        run.finish(first)
        #expect(run.leases[first] == nil, "the other one's unit is its own")
    }
}
