import Foundation
import MawsBase
import MawsCoordinator
import MawsProtocol
import MawsTransport
import MawsWire
import Testing

/// Who is let in, what of what they say is posted, and what is said of the others.
@Suite(.timeLimit(.minutes(10)))
struct PeerGateTests {
    private let reply = Reply(term: Term(1), request: RequestNumber(1))

    private func applied(_ step: UInt64) -> Message {
        .applied(reply, stage: StageIndex(0), step: StepIndex(step))
    }

    @Test func whatAPeerSaysIsPostedInItsOrderAndItsLossOnce() throws {
        let gate = try TestGate()
        let server = try gate.join(.server) { $0.computeProfile = "a\nb" }
        let event = try gate.take()
        guard case .joined(let peer, let hello) = event else { return #expect(Bool(false), "\(event.text)") }
        #expect((peer.role, peer.name, peer.origin) == (.server, "server-0", 9))
        #expect(peer.shard == ShardIdentity(index: 1, count: 2))
        #expect(peer.listens == NetworkAddress(host: "10.0.0.7", port: 4000))
        #expect(hello.computeProfile == "a\\nb")
        gate.handled(event)
        try server.send(applied(1))
        try server.send(.heartbeat)
        try server.send(.unavailable(reply, "disk\u{7}full"))
        let bytes = MessageCodec.encode(applied(1)).count
        #expect(try gate.next() == "server-0 says applied of \(bytes) bytes")
        guard case .message(_, .unavailable(reply, "disk\\u{7}full"), _) = try gate.take() else {
            return #expect(Bool(false), "its text is not plain")
        }
        server.close()
        #expect(try gate.next().hasPrefix("1 lost: server at 127.0.0.1:"))
        let viewer = try gate.join(.viewer)
        #expect(try gate.next() == "viewer-0 joined as 2")
        viewer.close()
    }

    @Test(arguments: [
        (Role.trainer, TestGate.hello(.viewer), "it says it is a viewer with the certificate of a trainer"),
        (.viewer, TestGate.hello(.coordinator), "it says it is a coordinator with the certificate of a viewer"),
        (.server, TestGate.hello(.server) { $0.protocolVersion += 1 }, "it speaks protocol version"),
        (.server, TestGate.hello(.server) { $0.server = nil }, "a server's hello names no shard"),
        (
            .server, TestGate.hello(.server) { $0.server?.host = "no host" },
            "it says that trainers reach it at 'no host'"
        ),
        (
            .trainer, TestGate.hello(.trainer) { $0.server = TestGate.hello(.server).server },
            "a trainer's hello names a shard"
        ),
        (.viewer, TestGate.hello(.viewer) { $0.name = "a\nb" }, "its name is 'a\\nb'"),
    ])
    func aHelloThatDoesNotFitIsRefusedAndSaid(role: Role, hello: Hello, sentence: String) throws {
        let gate = try TestGate()
        let stranger = try gate.dial(role)
        try stranger.send(.hello(hello))
        #expect(try refusal(stranger).hasPrefix(sentence))
        awaitEnd(stranger)
        stranger.close()
        let said = try gate.next()
        #expect(said.hasPrefix("of \(role.rawValue) \(role.rawValue): ") && said.contains(sentence), "\(said)")
        let next = try gate.join(.viewer)
        #expect(try gate.next() == "viewer-0 joined as 1")
        next.close()
    }

    @Test(arguments: [
        (Role.trainer, Message.heartbeat, "a peer that has not said hello may not send heartbeat"),
        (.server, .leaseRequest(), "a peer that has not said hello may not send leaseRequest"),
        (.viewer, .statusRequest, "a peer that has not said hello may not send statusRequest"),
        (.viewer, .linkRequest(origin: 9), "its first message is not hello"),
    ])
    func whoSaysSomethingElseThanHelloIsToldSo(role: Role, message: Message, sentence: String) throws {
        let gate = try TestGate()
        let stranger = try gate.dial(role)
        try stranger.send(message)
        #expect(try refusal(stranger) == sentence)
        stranger.close()
        let said = try gate.next()
        #expect(said.hasPrefix("of \(role.rawValue) \(role.rawValue): ") && said.contains(sentence), "\(said)")
        #expect(gate.isQuiet)
    }

    /// A certificate that opens nothing here, and a connection beyond those that one certificate may have.
    @Test func whoIsNotLetInByTheReceptionIsSaidByItsMachine() throws {
        let gate = try TestGate()
        let other = try gate.dial(.coordinator)
        #expect(try refusal(other).contains("its certificate has the role coordinator"))
        #expect(try gate.next().hasPrefix("of a newcomer at 127.0.0.1: refused "))
        var viewers: [Connection] = []
        for index in 1...MessageBudget.viewer.connectionsMax {
            viewers.append(try gate.join(.viewer))
            #expect(try gate.next() == "viewer-0 joined as \(index)")
        }
        let full = "32 connections with the viewer certificate viewer are open, the most"
        let beyond = try gate.dial(.viewer)
        #expect(try refusal(beyond) == full)
        #expect(try gate.next().hasSuffix(full))
        for connection in viewers + [other, beyond] { connection.close() }
    }

    /// Whatever the coordinator is busy with: nothing of it reaches the thread that decides.
    @Test func whoAsksAboutALineIsAnsweredAndNotPosted() throws {
        let gate = try TestGate()
        func asked(_ role: Role, _ origin: UInt64) throws -> LinkState {
            let connection = try gate.dial(role)
            defer { connection.close() }
            return try connection.linkState(of: origin, timeoutSeconds: 120)
        }
        #expect(try asked(.trainer, 9) == .unknown)
        let server = try gate.join(.server)
        let event = try gate.take()
        let known = LinkState(isOpen: true, isHeldUp: false, bytesReceived: server.bytesSent, bytesSent: 0)
        #expect(try asked(.server, 9) == known)
        #expect(try asked(.server, 8) == .unknown)
        gate.handled(event)
        server.close()
        #expect(try gate.next().hasPrefix("1 lost: "))
        let deadline = Moment.now() + 120
        while try asked(.trainer, 9).isOpen { try #require(Moment.now() < deadline) }
        #expect(gate.isQuiet)
    }

    /// Why this side ended the connection says more than what the ended connection says.
    @Test func whoDoesNotReadIsLostForThatReason() throws {
        let gate = try TestGate()
        let viewer = try gate.join(.viewer)
        _ = try gate.next { peer in
            let status = Message.status([UInt8](repeating: 0, count: 200 << 10))
            let deadline = Moment.now() + 120
            while peer.outbox.failure == nil && Moment.now() < deadline { peer.outbox.put(status) }
        }
        let loss = try gate.next()
        #expect(loss.hasPrefix("1 lost: it does not read what it is sent: "), "\(loss)")
        #expect(gate.isQuiet)
        viewer.close()
    }

    /// The end of a viewer is no news; what it did wrong is.
    @Test func aViewersEndIsNotLogged() throws {
        let gate = try TestGate()
        let good = try gate.join(.viewer)
        #expect(try gate.next() == "viewer-0 joined as 1")
        good.close()
        #expect(try gate.next().hasPrefix("1 lost: "))
        let bad = try gate.join(.viewer)
        #expect(try gate.next() == "viewer-0 joined as 2")
        try bad.send(.leaseRequest())
        #expect(try refusal(bad) == "a viewer may not send leaseRequest")
        bad.close()
        let said = try gate.next()
        #expect(said.hasPrefix("of viewer viewer: ") && said.contains("a viewer may not send leaseRequest"), "\(said)")
        #expect(try gate.next().hasPrefix("2 lost: "))
    }

    /// As many as its budget allows wait to be handled; the next is read once one of them is.
    @Test func aPeerIsReadNoFasterThanItIsHandled() throws {
        let gate = try TestGate()
        let viewer = try gate.join(.viewer)
        #expect(try gate.next() == "viewer-0 joined as 1")
        let most = MessageBudget.viewer.waitingMax
        for _ in 0...most { try viewer.send(.statusRequest) }
        let events = try (0..<most).map { _ in try gate.take() }
        #expect(events.map(\.text) == Array(repeating: "viewer-0 says statusRequest of 0 bytes", count: most))
        #expect(gate.isQuiet)
        gate.handled(events[0])
        #expect(try gate.next() == "viewer-0 says statusRequest of 0 bytes")
        viewer.close()
    }

    @Test func nobodyComesThroughAClosedGate() throws {
        let gate = try TestGate()
        gate.close()
        #expect(throws: TransportError.self) { try gate.dial(.viewer).receive(timeoutSeconds: 120) }
        #expect(gate.isQuiet)
    }
}
