import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// A run's folder that was put back from an earlier time, under servers that run on.
@Suite struct NewerTermTests {
    @Test func aTermAboveThatOfAServerIsKeptAndUsed() {
        var run = CoordinatorHarness(stages: [training()])
        run.step(.newerTermKnown(Term(9), name: "server-0"))
        #expect(run.core.term == Term(10))
        #expect(run.actions.contains(.keepTerm(Term(10))))
        #expect(run.notes.contains(.newerTerm(Term(9), knownBy: "server-0", recorded: Term(3), taken: Term(10))))
        run.joinServers()
        let trainer = run.joinTrainer(1)
        #expect(run.leases[trainer]?.term == Term(10))
    }

    @Test func serversOfTheTermBeforeComeBack() {
        var run = CoordinatorHarness(stages: [training()])
        run.joinServer(1)
        run.step(.newerTermKnown(Term(9), name: "server-0"))
        #expect(run.actions.contains(.refuse(run.server(1), .newerTerm)) && AdmissionRefusal.newerTerm.mayTryAgain)
    }

    /// Its shards' receipts are of the term before.
    @Test func whoWasDoneUnderTheTermBeforeIsNotAtFault() throws {
        var run = CoordinatorHarness(stages: [training(phases: [2])])
        run.joinServers()
        let trainer = run.joinTrainer(1)
        let done = run.done(try #require(run.leases[trainer]), loss: 1)
        run.step(.newerTermKnown(Term(9), name: "server-0"))
        run.step(.unitDone(trainer, done))
        run.step(.leaseRequested(trainer))
        #expect(!run.notes.contains { if case .trainerSetAside = $0 { true } else { false } })
        run.leases = [:]
        for index in 0..<2 {
            run.step(.peerLost(run.server(index), .line("refused")))
            run.joinServer(index, peer: UInt64(300 + index))
        }
        #expect(run.leases[trainer]?.term == Term(10))
    }

    @Test(arguments: [Term(3), Term(2), Term(.max)])
    func aTermThatIsNotNewerOrCannotBeChangesNothing(_ known: Term) {
        var run = CoordinatorHarness(stages: [training()])
        run.step(.newerTermKnown(known, name: "server-0"))
        #expect(run.core.term == Term(3))
        #expect(!run.actions.contains { if case .keepTerm = $0 { true } else { false } })
    }
}
