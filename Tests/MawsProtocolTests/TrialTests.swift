import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// Who has not shown that it answers stands in nobody's way.
@Suite struct TrialTests {
    /// A run in which one trainer has done a whole step.
    private func runWithAProvenTrainer(units: Int = 4, steps: UInt64 = 100) -> (CoordinatorHarness, PeerID) {
        var run = CoordinatorHarness(stages: [training(steps: steps, phases: [units])])
        run.joinServers()
        let proven = run.joinTrainer(1)
        finishStep(&run, proven)
        return (run, proven)
    }

    /// The trainer does all that it gets, a second each, until the step is committed.
    private func finishStep(_ run: inout CoordinatorHarness, _ peer: PeerID) {
        let step = UInt64(run.commits.count)
        while run.batches[peer]?.first?.step == StepIndex(step) { run.finishBatch(peer, unitSeconds: 1) }
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
        run.batches[proven] = nil
        run.step(.leaseRequested(proven))
        for id in UInt64(2)...9 { _ = join(&run, id, "eve") }
        run.step(.leaseRequested(proven))
        for step in 1..<20 {
            let start = run.now
            finishStep(&run, proven)
            #expect(run.commits.count == step + 1)
            #expect(run.now.seconds(since: start) <= 4)
            // They come again, which costs them nothing.
            for id in UInt64(2)...9 {
                run.step(.peerLost(PeerID(UInt64(step - 1) * 8 + id), reason: "closed"))
                _ = join(&run, UInt64(step) * 8 + id, "eve")
            }
        }
    }

    @Test func aNewcomersAnswerCountsAndMakesItOneThatIsCountedOn() throws {
        var (run, proven) = runWithAProvenTrainer(units: 8)
        let newcomer = join(&run, 2, "bob")
        let unit = try #require(run.leases[newcomer]?.unit)
        run.finish(newcomer)
        #expect(run.batches[proven]?.contains { $0.unit == unit } == false, "it is done, and by the newcomer")
        let next = try #require(run.leases[newcomer])
        finishStep(&run, proven)
        #expect(run.commits.count == 1, "what it holds now is waited for")
        run.finish(newcomer)
        while run.leases[newcomer]?.step == next.step { run.finish(newcomer) }
        run.reduceAll(step: 1)
        #expect(run.commits.count == 2)
    }

    @Test func whoWasCountedOnAndLetAUnitBecomeLateHasToAnswerTwiceAsOften() throws {
        var (run, proven) = runWithAProvenTrainer(units: 8)
        let other = join(&run, 2, "bob")
        run.finish(other)
        let held = try #require(run.leases[other]?.unit)
        finishStep(&run, proven)
        run.now = run.now + 10
        run.step(.tick)
        #expect(run.batches[proven]?.map(\.unit) == [held], "it is late")
        finishStep(&run, proven)
        #expect(run.commits.count == 2)
        // It answers late, which is one answer, and has to give another before it is counted on.
        run.finish(other)
        let second = try #require(run.leases[other]?.unit)
        finishStep(&run, proven)
        #expect(run.commits.count == 3, "\(second) was computed twice")
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
