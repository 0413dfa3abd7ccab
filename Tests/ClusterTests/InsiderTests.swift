import Foundation
import MawsBase
import MawsTransport
import MawsWire
import Testing

/// Processes with a trainer's certificate that lie, are silent or do not read: the run goes on with the others, and its
/// weights are the same.
@Suite(.serialized, .timeLimit(.minutes(20))) struct InsiderTests {
    private static let forged = "no disk\n2026-01-01T00:00:00.000Z info coordinator forged\u{1B}[2J"

    /// Each by one that holds a lease.
    private static let lies: [(name: String, tell: @Sendable (Insider, Lease) throws -> Void)] = [
        ("done-without-pushing", { try $0.connection.send(.unitDone($0.done($1))) }),
        (
            "not-finite",
            { insider, lease in
                var done = insider.done(lease)
                done.isFinite = false
                try insider.connection.send(.unitDone(done))
            }
        ),
        (
            "loss-not-a-number",
            { insider, lease in
                var done = insider.done(lease)
                done.loss = .nan
                try insider.connection.send(.unitDone(done))
            }
        ),
        (
            "garbage",
            { insider, lease in
                var done = insider.done(lease)
                done.skipped = (0..<1000).map { "invented-\($0)\n" }
                done.result = Array("{".utf8)
                try insider.connection.send(.unitDone(done))
            }
        ),
        (
            "forged-lines",
            { insider, lease in
                let reason = String(repeating: forged, count: 500)
                try insider.connection.send(.unitFailed(UnitFailed(lease: lease.id, reason: reason)))
            }
        ),
        (
            "lost-sample",
            { insider, lease in
                let sample = LostSample(
                    slot: 0, index: 5_000_000_000, shard: "/etc/evil\n", member: "x", offset: 1, reason: forged)
                try insider.connection.send(
                    .unitFailed(UnitFailed(lease: lease.id, reason: "gone", sample: sample)))
            }
        ),
        ("silent", { insider, _ in try insider.connection.send(.heartbeat) }),
    ]

    @Test func theLiesOfTrainersCostNoBitAndNoRun() throws {
        var run = try ClusterRun()
        run.maeSteps = 150
        let expected = try run.finish()
        var other = try ClusterRun()
        other.maeSteps = 150
        let victim = try Victim(other)
        let fingerprint = try Insider.fingerprint(of: victim)
        // Who comes with the certificate of one that was set aside waits: all join first.
        let insiders = try Self.lies.map { try Insider(victim, name: $0.name, fingerprint: fingerprint) }
        for (lie, insider) in zip(Self.lies, insiders) {
            let lease = try #require(insider.lease().first)
            try lie.tell(insider, lease)
            try pushWithoutALease(insider)
        }
        #expect(try victim.program.wait() == 0, "\(victim.program.output)")
        #expect(try other.hashes() == expected)
        let log = try String(contentsOfFile: other.runFolder + "/logs/coordinator.log", encoding: .utf8)
        #expect(log.contains("is set aside for 5 s: it says that unit"), "\(log)")
        #expect(!log.contains("\u{1B}") && !log.contains("\n2026-01-01"))
        #expect(log.utf8.count < 1 << 20)
    }

    /// A gradient of zeros for a unit of the step that is under way.
    private func pushWithoutALease(_ insider: Insider) throws {
        let server = try insider.serverConnection(0)
        defer { server.close() }
        let push = Push(
            term: insider.term, stage: StageIndex(0), step: StepIndex(50), unit: UnitIndex(0), block: 1,
            encoding: .fp32)
        try [Float](repeating: 0, count: 64).withUnsafeBytes { try server.send(.push(push), payload: $0) }
        try server.send(.linkRequest(origin: 0))
        _ = try? server.receive(timeoutSeconds: 60)
    }

    @Test func aGuestThatGuessesLeasesIsClosed() throws {
        let victim = try Victim()
        let guest = try Insider(victim, name: "guest", fingerprint: nil)
        let done = UnitDone(
            lease: 7, stage: StageIndex(0), step: StepIndex(5), phase: 0, unit: UnitIndex(0), loss: 0, skipped: [],
            result: [], computeSeconds: 0, waitSeconds: 0)
        try guest.connection.send(.unitDone(done))
        #expect(throws: (any Error).self) { while true { _ = try guest.connection.receive(timeoutSeconds: 60) } }
        try victim.run.wait(forSteps: victim.run.committedSteps() + 5, of: victim.program)
    }

    @Test func thoseWhoTakeLeasesAndNeverAnswer() throws {
        let victim = try Victim()
        let fingerprint = try Insider.fingerprint(of: victim)
        var insiders: [Insider] = []
        try victim.expectWorkGoesOn(end: { insiders = [] }) { round in
            if insiders.count == 8 { insiders.removeFirst() }
            let insider = try Insider(victim, name: "silent-\(round)", fingerprint: fingerprint)
            try insider.connection.send(.leaseRequest())
            insiders.append(insider)
            for insider in insiders { try? insider.connection.send(.heartbeat) }
        }
    }

    @Test func readersThatDoNotRead() throws {
        let victim = try Victim()
        let insider = try Insider(victim, fingerprint: nil)
        var readers: [Connection] = []
        try victim.expectWorkGoesOn(end: { leave(&readers) }) { round in
            while readers.count < 6 { readers.append(try insider.serverConnection(readers.count % 2)) }
            let step = StepIndex(UInt64(victim.run.committedSteps()))
            readers = try readers.filter { reader in
                do {
                    for block in UInt32(0)..<5 {
                        let frame = try Connection.frame(
                            .gather(RequestNumber(1), stage: StageIndex(0), step: step, block: block))
                        try reader.send(frame: frame, stallSeconds: 0)
                    }
                    return true
                } catch is TransportError {
                    reader.close()
                    return false
                }
            }
            try? insider.connection.send(.heartbeat)
        }
    }

    /// Names and reasons of many kilobytes with line feeds and escape codes, by newcomers that wait for no answer.
    @Test func floodsOfForgedLines() throws {
        let victim = try Victim()
        let fingerprint = try Insider.fingerprint(of: victim)
        let text = String(repeating: Self.forged, count: 500)
        var newcomers: [Connection] = []
        try victim.expectWorkGoesOn(end: { leave(&newcomers) }) { round in
            if newcomers.count == 8 { newcomers.removeFirst().close() }
            guard let newcomer = try? victim.dial(.trainer) else { return }
            newcomers.append(newcomer)
            try? newcomer.send(Insider.hello("\(round)\(text)", fingerprint))
            for lease in UInt64(0)..<50 {
                try? newcomer.send(.unitFailed(UnitFailed(lease: lease, reason: "\(round)\(text)")))
            }
        }
        let log = try String(contentsOfFile: victim.run.runFolder + "/logs/coordinator.log", encoding: .utf8)
        #expect(!log.contains("\u{1B}") && !log.contains("\n2026-01-01"))
        #expect(log.utf8.count < 1 << 20)
    }

    /// A megabyte each, to both servers, again and again.
    @Test func floodsOfGradientsWithoutALease() throws {
        let victim = try Victim()
        let insider = try Insider(victim, fingerprint: nil)
        let zeros = [Float](repeating: 0, count: 1 << 18)
        try victim.expectWorkGoesOn { round in
            try? insider.connection.send(.heartbeat)
            guard let server = try? insider.serverConnection(round % 2) else { return }
            defer { server.close() }
            let push = Push(
                term: insider.term, stage: StageIndex(0), step: StepIndex(UInt64(victim.run.committedSteps())),
                unit: UnitIndex(0), block: 1, encoding: .fp32)
            try? zeros.withUnsafeBytes { try server.send(.push(push), payload: $0) }
        }
    }
}
