import MawsBase
import MawsProtocol
import MawsWire
import Testing

private let facts = DataFacts(fingerprint: "data", productRate: 4e11, heartbeatTimeoutSeconds: 5)

/// A session and its clock, driven in straight lines.
private struct Session {
    var core: TrainerCore
    var now = Moment(nanoseconds: 1_000_000_000)
    let plan: [UInt8] = [1, 2, 3]

    init(reconnectSeconds: Double = 60, exitsWithCoordinator: Bool = false) {
        core = TrainerCore(
            settings: TrainerSettings(
                name: "trainer-0", computeProfile: "reference", heartbeatTimeoutSeconds: 5,
                reconnectSeconds: reconnectSeconds, exitsWithCoordinator: exitsWithCoordinator))
    }

    mutating func step(_ event: TrainerEvent, after seconds: Double = 0) -> [TrainerAction] {
        now = now + seconds
        return core.step(event, now: now)
    }

    func hello(fingerprint: String, term: UInt64) -> TrainerAction {
        .send(
            .hello(
                Hello(
                    protocolVersion: ProtocolVersion.current, role: .trainer, name: "trainer-0",
                    computeProfile: "reference", dataFingerprint: fingerprint, server: nil, term: Term(term),
                    productRate: fingerprint.isEmpty ? 0 : facts.productRate)))
    }

    func joined(term: UInt64) -> TrainerAction { .tell(.joined(Term(term))) }

    func welcome(term: UInt64) -> Message { .welcome(Welcome(term: Term(term), plan: plan, runID: "run")) }

    func lease(_ id: UInt64, term: UInt64 = 1, unit: UInt32 = 0) -> Lease {
        Lease(
            id: id, term: Term(term), stage: StageIndex(0), step: StepIndex(4), phase: 0, unit: UnitIndex(unit),
            milliseconds: 1000)
    }

    func done(_ lease: Lease) -> UnitDone {
        UnitDone(
            lease: lease.id, stage: lease.stage, step: lease.step, phase: lease.phase, unit: lease.unit, loss: 0.5,
            skipped: [], result: [], computeSeconds: 1, waitSeconds: 0)
    }

    /// To the point where a lease is asked for, on the given connection.
    mutating func join(connection: UInt64 = 1, term: UInt64 = 1) -> [TrainerAction] {
        _ = step(.tick, after: 10)
        _ = step(.connected(connection: connection))
        let actions = step(.received(connection: connection, welcome(term: term)))
        guard actions.contains(.openData(plan: plan)) else { return actions }
        return step(.dataOpened(plan: plan, facts))
    }
}

struct TrainerCoreTests {
    @Test func greetsTwiceAndThenAsksForWork() {
        var session = Session()
        #expect(session.step(.tick) == [.connect(connection: 1)])
        #expect(session.step(.connected(connection: 1)) == [session.hello(fingerprint: "", term: 0)])
        #expect(
            session.step(.received(connection: 1, session.welcome(term: 3))) == [.openData(plan: session.plan)])
        #expect(
            session.step(.dataOpened(plan: session.plan, facts))
                == [session.hello(fingerprint: "data", term: 3), session.joined(term: 3), .send(.leaseRequest())])
    }

    @Test func computesALeaseAndAsksForTheNext() {
        var session = Session()
        _ = session.join()
        let lease = session.lease(7)
        #expect(session.step(.received(connection: 1, .leases([lease]))) == [.compute([lease])])
        #expect(
            session.step(.unitDone(session.done(lease)))
                == [.send(.unitDone(session.done(lease))), .send(.leaseRequest())])
    }

    @Test func unitsLeasedTogetherAreReportedOneByOneAndThenTheNextAreAskedFor() {
        var session = Session()
        _ = session.join()
        let leases = [session.lease(7, unit: 2), session.lease(8, unit: 3)]
        #expect(session.step(.received(connection: 1, .leases(leases))) == [.compute(leases)])
        #expect(session.step(.unitDone(session.done(leases[0]))) == [.send(.unitDone(session.done(leases[0])))])
        #expect(
            session.step(.unitDone(session.done(leases[1])))
                == [.send(.unitDone(session.done(leases[1]))), .send(.leaseRequest())])
    }

    @Test func aUnitThatFailsEndsAllThatWereLeasedWithIt() {
        var session = Session()
        _ = session.join()
        let leases = [session.lease(7, unit: 2), session.lease(8, unit: 3)]
        _ = session.step(.received(connection: 1, .leases(leases)))
        let failed = UnitFailed(lease: 8, reason: "shard 0/1 is away")
        #expect(session.step(.unitFailed(failed)).contains(.send(.unitFailed(failed))))
        #expect(session.step(.unitDone(session.done(leases[0]))) == [])
        #expect(session.step(.tick, after: 0.2) == [.send(.leaseRequest())])
    }

    @Test func failedUnitIsGivenBackAndTheNextRequestWaits() {
        var session = Session()
        _ = session.join()
        _ = session.step(.received(connection: 1, .leases([session.lease(7)])))
        let actions = session.step(.unitFailed(UnitFailed(lease: 7, reason: "shard 0/1 is away")))
        #expect(actions.contains(.send(.unitFailed(UnitFailed(lease: 7, reason: "shard 0/1 is away")))))
        #expect(!actions.contains(.send(.leaseRequest())))
        #expect(session.step(.tick) == [])
        #expect(session.step(.tick, after: 0.2) == [.send(.leaseRequest())])
    }

    @Test func pauseAfterFailuresGrowsToTwoSecondsAndASuccessEndsIt() {
        var session = Session()
        _ = session.join()
        for id in 1...10 as ClosedRange<UInt64> {
            _ = session.step(.received(connection: 1, .leases([session.lease(id)])))
            _ = session.step(.unitFailed(UnitFailed(lease: id, reason: "away")))
            _ = session.step(.received(connection: 1, .heartbeat))
            #expect(session.step(.tick, after: 2.01).contains(.send(.leaseRequest())))
        }
        let lease = session.lease(20)
        _ = session.step(.received(connection: 1, .leases([lease])))
        #expect(session.step(.unitDone(session.done(lease))).contains(.send(.leaseRequest())))
    }

    @Test func secondLeaseAtATimeIsGivenBack() {
        var session = Session()
        _ = session.join()
        _ = session.step(.received(connection: 1, .leases([session.lease(7)])))
        let actions = session.step(.received(connection: 1, .leases([session.lease(8)])))
        #expect(actions == [.giveBack(lease: 8)])
    }

    @Test func leaseOfAnotherTermIsDropped() {
        var session = Session()
        _ = session.join(term: 2)
        let actions = session.step(.received(connection: 1, .leases([session.lease(7, term: 1)])))
        #expect(actions == [.tell(.leasesDropped(Term(1), own: Term(2)))])
    }

    @Test func leaseOfANewerTermRaisesTheTermAndGreetsTheShardsAgain() {
        var session = Session()
        _ = session.join(term: 2)
        let roster = Roster(servers: [
            ServerAddress(shard: ShardIdentity(index: 0, count: 1), host: "h", port: 1)
        ])
        _ = session.step(.received(connection: 1, .roster(roster)))
        let lease = session.lease(7, term: 3)
        #expect(
            session.step(.received(connection: 1, .leases([lease])))
                == [.useShards(roster, term: Term(3), runID: "run"), .compute([lease])])
        #expect(session.core.term == Term(3))
    }

    @Test func coordinatorOfAnOlderTermIsLeft() {
        var session = Session()
        _ = session.join(term: 5)
        _ = session.step(.lost(connection: 1, reason: "closed"))
        _ = session.step(.tick, after: 1)
        _ = session.step(.connected(connection: 2))
        let actions = session.step(.received(connection: 2, session.welcome(term: 4)))
        #expect(actions.contains(.disconnect(connection: 2)))
        #expect(session.core.term == Term(5))
    }

    @Test func silentCoordinatorIsLeftAndLookedForAgain() {
        var session = Session()
        _ = session.join()
        #expect(session.step(.tick, after: 4).contains(.send(.heartbeat)))
        #expect(session.step(.tick, after: 1.1).contains(.disconnect(connection: 1)))
        #expect(session.step(.tick, after: 1) == [.connect(connection: 2)])
    }

    @Test func heartbeatsKeepTheConnectionAndAreSentEverySecond() {
        var session = Session()
        _ = session.join()
        var sent = 0
        for _ in 0..<40 {
            _ = session.step(.received(connection: 1, .heartbeat))
            sent += session.step(.tick, after: 0.25).count { $0 == .send(.heartbeat) }
        }
        #expect(sent == 10)
    }

    @Test func unitOfALostCoordinatorIsAbandonedAndItsResultDropped() {
        var session = Session()
        _ = session.join()
        let lease = session.lease(7)
        _ = session.step(.received(connection: 1, .leases([lease])))
        #expect(
            session.step(.lost(connection: 1, reason: "closed")).contains(.abandon(.coordinatorAway)))
        // Back before the unit ended: no second unit beside it, and no word of the first.
        #expect(
            session.join(connection: 2, term: 2) == [
                session.hello(fingerprint: "data", term: 2), session.joined(term: 2),
            ])
        #expect(session.step(.unitDone(session.done(lease))) == [.send(.leaseRequest())])
    }

    @Test func dataIsOpenedOnceForOnePlan() {
        var session = Session()
        _ = session.join()
        _ = session.step(.lost(connection: 1, reason: "closed"))
        #expect(
            session.join(connection: 2, term: 2)
                == [session.hello(fingerprint: "data", term: 2), session.joined(term: 2), .send(.leaseRequest())])
    }

    @Test func lateWordsOfAnEarlierConnectionAreIgnored() {
        var session = Session()
        _ = session.join()
        _ = session.step(.lost(connection: 1, reason: "closed"))
        _ = session.join(connection: 2, term: 2)
        #expect(session.step(.received(connection: 1, .leases([session.lease(7, term: 2)]))) == [])
        #expect(session.step(.lost(connection: 1, reason: "closed")) == [])
    }

    @Test func givesUpAfterTheReconnectTime() {
        var session = Session(reconnectSeconds: 30)
        var exits: [TrainerAction] = []
        for _ in 0..<400 where exits.isEmpty {
            for action in session.step(.tick, after: 0.25) {
                guard case .connect(let number) = action else { continue }
                let actions = session.step(.lost(connection: number, reason: "nobody listens"))
                exits += actions.filter { if case .exit = $0 { true } else { false } }
            }
        }
        #expect(exits == [.exit(.noCoordinator(seconds: 30, .line("nobody listens")))])
        #expect(session.step(.tick, after: 100) == [])
    }

    @Test func localChildEndsWithItsCoordinator() {
        var session = Session(exitsWithCoordinator: true)
        _ = session.join()
        let actions = session.step(.lost(connection: 1, reason: "closed"))
        #expect(actions == [.exit(.coordinatorGone(.line("closed")))])
    }

    @Test func aFinishedRunIsAnotherEndThanAnyOther() {
        var finished = Session()
        _ = finished.join()
        #expect(
            finished.step(.received(connection: 1, .shutdown(isFinished: true, reason: "the run is finished")))
                == [.exit(.finished(reason: "the run is finished"))])
        var stopped = Session()
        _ = stopped.join()
        #expect(
            stopped.step(.received(connection: 1, .shutdown(isFinished: false, reason: "stopped")))
                == [.exit(.stopped(reason: "stopped"))])
        var refused = Session()
        _ = refused.join()
        #expect(
            refused.step(.received(connection: 1, .refused(reason: "its data is not this run's", mayTryAgain: false)))
                == [.exit(.refused(reason: "its data is not this run's"))])
        var missing = Session()
        _ = missing.step(.tick)
        #expect(missing.step(.dataMissing(reason: "no a.tar")) == [.exit(.dataMissing(reason: "no a.tar"))])
    }

    @Test func refusalThatMayPassIsTriedAgain() {
        var session = Session()
        _ = session.join()
        let actions = session.step(.received(connection: 1, .refused(reason: "too early", mayTryAgain: true)))
        #expect(actions.first == .disconnect(connection: 1))
        #expect(actions.contains(.tell(.coordinatorAway(.refused(reason: "too early")))))
        #expect(session.step(.tick, after: 1) == [.connect(connection: 2)])
    }

    @Test func dataWhoseSourceIsSilentIsOpenedAgainAfterAGrowingPause() {
        var session = Session()
        _ = session.step(.tick, after: 10)
        _ = session.step(.connected(connection: 1))
        _ = session.step(.received(connection: 1, session.welcome(term: 1)))
        for pauseSeconds in [2.0, 4, 8] {
            let logged = session.step(.dataUnreachable(plan: session.plan, reason: "host away"))
            #expect(logged == [.tell(.dataUnreachable(reason: "host away", pauseSeconds: pauseSeconds))])
            var early: [TrainerAction] = []
            for _ in 0..<Int(pauseSeconds * 4) - 1 {
                early += session.step(.received(connection: 1, .heartbeat)) + session.step(.tick, after: 0.25)
            }
            #expect(!early.contains(.openData(plan: session.plan)))
            #expect(session.step(.tick, after: 0.25).contains(.openData(plan: session.plan)))
        }
        #expect(session.step(.dataOpened(plan: session.plan, facts)).contains(session.joined(term: 1)))
    }

    @Test func rosterGoesToTheShardsWithTheTerm() {
        var session = Session()
        _ = session.join(term: 3)
        let roster = Roster(servers: [
            ServerAddress(shard: ShardIdentity(index: 0, count: 1), host: "10.0.0.1", port: 7071)
        ])
        #expect(
            session.step(.received(connection: 1, .roster(roster)))
                == [.useShards(roster, term: Term(3), runID: "run")])
    }
}
