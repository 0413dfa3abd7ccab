import Foundation
import MawsBase
import MawsCoordinator
import MawsProtocol
import MawsTransport
import MawsWire
import Testing

/// A trainer is a guest until the deciding thread has admitted it.
@Suite(.timeLimit(.minutes(10)))
struct GuestTests {
    private func done(resultBytes: Int) -> Message {
        .unitDone(
            UnitDone(
                lease: 1, stage: StageIndex(0), step: StepIndex(0), phase: 0, unit: UnitIndex(0), loss: 1, skipped: [],
                result: [UInt8](repeating: 32, count: resultBytes), computeSeconds: 1, waitSeconds: 0))
    }

    @Test func aGuestMaySayHelloAndNothingElse() throws {
        let gate = try TestGate()
        let trainer = try gate.join(.trainer)
        #expect(try gate.next() == "trainer-0 joined as 1")
        try trainer.send(.heartbeat)
        try trainer.send(.leaseRequest())
        let sentence = "a trainer that was not admitted may not send leaseRequest"
        #expect(try refusal(trainer) == sentence)
        trainer.close()
        #expect(try gate.next().contains(sentence))
        #expect(gate.isQuiet)
    }

    /// Its first hello where it knows its data already, else the second.
    @Test(arguments: [false, true])
    func whoIsAdmittedMayAskForLeases(knowsItsData: Bool) throws {
        let gate = try TestGate()
        let trainer = try gate.join(.trainer)
        let hello = Message.hello(TestGate.hello(.trainer))
        #expect(try gate.next { if knowsItsData { $0.admission.grant() } } == "trainer-0 joined as 1")
        if !knowsItsData {
            try trainer.send(hello)
            let bytes = MessageCodec.encode(hello).count
            #expect(try gate.next { $0.admission.grant() } == "trainer-0 says hello of \(bytes) bytes")
        }
        try trainer.send(.leaseRequest(shares: [1, 2, 3]))
        #expect(try gate.next().hasPrefix("trainer-0 says leaseRequest of "))
        #expect(gate.peers.map(\.admission.isGranted) == [true])
        trainer.close()
    }

    /// It has sent more than a guest may by the time that it is refused: that is read and dropped, so that it can read
    /// why, and it is lost once.
    @Test func whatARefusedOneSendsIsDropped() throws {
        let gate = try TestGate()
        let trainer = try gate.join(.trainer)
        for _ in 0..<3 { try trainer.send(.leaseRequest()) }
        #expect(try gate.next { $0.dismiss("its data is another") } == "trainer-0 joined as 1")
        #expect(try refusal(trainer) == "its data is another")
        awaitEnd(trainer)
        trainer.close()
        #expect(try gate.next().hasPrefix("1 lost: "))
        #expect(gate.isQuiet)
    }

    /// Results are large where the plan has evaluations, and nowhere else.
    @Test(arguments: [false, true])
    func howLargeAResultMayBeIsThePlans(evaluates: Bool) throws {
        let gate = try TestGate(evaluates: evaluates)
        let trainer = try gate.join(.trainer)
        #expect(try gate.next { $0.admission.grant() } == "trainer-0 joined as 1")
        try trainer.send(done(resultBytes: 1000))
        #expect(try gate.next().hasPrefix("trainer-0 says unitDone"))
        let large = done(resultBytes: 2 << 20)
        let bytes = MessageCodec.encode(large).count
        try? trainer.send(large)
        let told = try gate.next()
        #expect(
            evaluates
                ? told == "trainer-0 says unitDone of \(bytes) bytes"
                : told.contains("the body of unitDone is \(bytes) bytes, above its limit of 1048576"), "\(told)")
        trainer.close()
    }
}
