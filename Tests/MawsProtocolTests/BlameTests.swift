import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// A trainer's fault is charged to it, and the run goes on with the others.
@Suite struct BlameTests {
    private func fails(_ run: CoordinatorHarness) -> Bool {
        run.actions.contains { if case .runFailed = $0 { true } else { false } }
    }

    /// Why a trainer was set aside last, and for how long.
    private func aside(_ run: CoordinatorHarness, _ peer: PeerID) -> (fault: TrainerFault, seconds: Double)? {
        let faults = run.notes.compactMap { fact -> (TrainerFault, Double)? in
            guard case .trainerSetAside("trainer-\(peer.value)", let fault, let seconds) = fact else { return nil }
            return (fault, seconds)
        }
        return faults.last
    }

    @Test func whoSaysDoneWithoutReceiptsIsSetAsideAndItsUnitGoesToAnother() throws {
        var run = CoordinatorHarness(stages: [training(phases: [2])])
        run.joinServers()
        let (liar, honest) = (run.joinTrainer(1), run.joinTrainer(2))
        var done = run.done(try #require(run.leases[liar]), loss: 1)
        done.receipt = .none
        run.step(.unitDone(liar, done))
        #expect(aside(run, liar)?.fault == .unitMissing(unit: 0, step: 0) && aside(run, liar)?.seconds == 5)
        run.step(.leaseRequested(liar))
        run.finish(honest)
        #expect(run.leases[honest]?.unit == UnitIndex(0))
        run.finish(honest)
        run.reduceAll(step: 0)
        #expect(run.commits.count == 1 && !fails(run))
    }

    @Test func anotherTrainersLeaseAndOneOfAGuestCountForNothing() throws {
        var run = CoordinatorHarness(stages: [training(phases: [1])])
        run.joinServers()
        let honest = run.joinTrainer(1)
        run.step(.trainerJoined(PeerID(2), name: "guest"))
        let lease = try #require(run.leases[honest])
        run.step(.unitDone(PeerID(2), run.done(lease, loss: 1)))
        run.step(.unitDone(PeerID(77), run.done(lease, loss: 1)))
        run.reduceAll(step: 0)
        #expect(run.commits.isEmpty)
        run.finish(honest)
        #expect(run.commits.count == 1)
    }

    @Test func eachFaultSetsAsideForLonger() {
        var run = CoordinatorHarness(stages: [training()])
        run.joinServers()
        let (liar, _) = (run.joinTrainer(1), run.joinTrainer(2))
        for seconds in [5.0, 10, 20, 40] {
            run.step(.misbehaved(liar, .unitOfNoStage))
            #expect(aside(run, liar)?.fault == .unitOfNoStage && aside(run, liar)?.seconds == seconds)
        }
    }

    /// It may be the same one, come again.
    @Test func aNewcomerWithTheSameCertificateWaitsAsLong() {
        var run = CoordinatorHarness(stages: [training(phases: [8])])
        run.joinServers()
        run.step(.trainerJoined(PeerID(1), name: "eve", certificate: "eve"))
        run.step(.misbehaved(PeerID(1), .unitOfNoStage))
        run.step(.peerLost(PeerID(1), .line("closed")))
        for (peer, certificate) in [(PeerID(2), "eve"), (PeerID(3), "bob")] {
            run.step(.trainerJoined(peer, name: "again", certificate: certificate))
            run.step(.trainerReady(peer))
            run.step(.leaseRequested(peer))
        }
        #expect(run.leases[PeerID(2)] == nil && run.leases[PeerID(3)] != nil)
        run.now = run.now + 6
        run.step(.tick)
        #expect(run.leases[PeerID(2)] != nil)
    }

    @Test func oneThatGivesAllBackDoesNotEndARunInWhichAnotherComputes() {
        var run = CoordinatorHarness(stages: [training()])
        run.joinServers()
        let (slow, broken) = (run.joinTrainer(1), run.joinTrainer(2))
        for _ in 0..<40 {
            run.now = run.now + 2
            guard let lease = run.leases.removeValue(forKey: broken) else {
                run.step(.tick)
                continue
            }
            run.step(.unitFailed(broken, UnitFailed(lease: lease.id, reason: "no disk")))
            run.step(.leaseRequested(broken))
        }
        #expect(!fails(run) && aside(run, broken)?.fault == .returnsUnits(count: 5, lastReason: "no disk"))
        #expect(run.leases[slow] != nil)
    }

    // MARK: - Leases

    @Test func unansweredLeasesAreGivenToOthersHoweverManyHoldThem() {
        var run = CoordinatorHarness(stages: [training(phases: [2])])
        run.joinServers()
        for id in UInt64(1)...4 { _ = run.joinTrainer(id) }
        // The two that waited take what the first two held, and do not answer either.
        for _ in 0..<2 {
            run.now = run.now + 61
            run.step(.tick)
        }
        let honest = run.joinTrainer(9)
        #expect(run.leases[honest]?.unit == UnitIndex(0))
        run.finish(honest)
        run.finish(honest)
        run.reduceAll(step: 0)
        #expect(run.commits.count == 1)
    }

    /// A machine for which a unit takes longer than a lease lasts is no less honest.
    @Test func whoAnswersLateIsHeardIfNobodyWasFirst() {
        var run = CoordinatorHarness(stages: [training(phases: [1])])
        run.joinServers()
        let slow = run.joinTrainer(1)
        run.now = run.now + 90
        run.step(.tick)
        #expect(run.notes.contains(.leasesOver(of: "trainer-1")))
        run.finish(slow)
        run.reduceAll(step: 0)
        #expect(run.commits.count == 1)
    }

    @Test func whoAsksForMoreWithoutAnAnswerGetsNothing() {
        var run = CoordinatorHarness(stages: [training(phases: [4])])
        run.joinServers()
        let hoarder = run.joinTrainer(1)
        run.leases[hoarder] = nil
        run.step(.leaseRequested(hoarder))
        #expect(run.leases[hoarder] == nil && aside(run, hoarder)?.fault == .asksWithoutAnswer)
    }

    // MARK: - Gradients that are not finite

    private func claim(_ run: inout CoordinatorHarness, _ peer: PeerID) {
        guard let lease = run.leases.removeValue(forKey: peer) else { return }
        var done = run.done(lease, loss: .nan)
        (done.isFinite, done.receipt) = (false, .none)
        run.step(.unitDone(peer, done))
        run.step(.leaseRequested(peer))
    }

    @Test func aGradientThatIsFiniteElsewhereIsTheFirstOnesFault() {
        var run = CoordinatorHarness(stages: [training(phases: [2])])
        run.joinServers()
        let (broken, honest) = (run.joinTrainer(1), run.joinTrainer(2))
        claim(&run, broken)
        run.finish(honest)
        #expect(run.leases[honest]?.unit == UnitIndex(0) && run.leases[honest]?.grant.mayBeNonFinite == false)
        run.finish(honest)
        #expect(aside(run, broken)?.fault == .falseNonFinite(unit: 0, step: 0, finiteAt: "trainer-2"))
        run.reduceAll(step: 0)
        #expect(run.commits.count == 1)
    }

    @Test func whatTwoSayIsTakenAsItIs() {
        var run = CoordinatorHarness(stages: [training(phases: [1])])
        run.joinServers()
        let (first, second) = (run.joinTrainer(1), run.joinTrainer(2))
        claim(&run, first)
        #expect(run.leases[second]?.grant.mayBeNonFinite == false)
        claim(&run, second)
        let holder = [first, second].first { run.leases[$0] != nil }
        #expect(holder.flatMap { run.leases[$0]?.grant.mayBeNonFinite } == true)
        if let holder { run.finish(holder, loss: .nan) }
        run.reduceAll(step: 0)
        #expect(aside(run, first) == nil && aside(run, second) == nil)
        #expect(
            run.actions.contains {
                if case .decide(_, let losses, _) = $0 { losses.contains(where: \.isNaN) } else { false }
            })
    }

    @Test func theOnlyTrainerComputesItAgainAndIsBelieved() {
        var run = CoordinatorHarness(stages: [training(phases: [1])])
        run.joinServers()
        let only = run.joinTrainer(1)
        claim(&run, only)
        #expect(run.leases[only]?.grant.mayBeNonFinite == true)
    }
}
