import Foundation
import MawsBase
import MawsCoordinator
import MawsProtocol
import MawsReport
import MawsTransport
import MawsWire
import Testing

/// A gate on loopback, those who come through it, and this test in place of the deciding thread.
final class TestGate {
    private let lines: TestLines
    private let listener: Listener
    private let gate: PeerGate
    private let mailbox = Mailbox<NodeEvent>()
    private var waiting: [NodeEvent] = []
    /// Who was let in.
    private(set) var peers: [Peer] = []

    init(evaluates: Bool = false, heartbeatTimeoutSeconds: Double = 600) throws {
        lines = try TestLines()
        listener = try Listener(
            host: "127.0.0.1", port: 0, identity: lines.coordinator, allowedRoles: [.server, .trainer, .viewer])
        gate = PeerGate(
            listener: listener, mailbox: mailbox, collector: CheckpointCollector(mailbox: mailbox),
            evaluates: evaluates, heartbeatTimeoutSeconds: heartbeatTimeoutSeconds)
        gate.open()
    }

    deinit { gate.close() }

    func close() { gate.close() }

    /// Dials with the certificate of a role, and says nothing yet.
    func dial(_ role: Role) throws -> Connection {
        try Connection.connect(
            host: "127.0.0.1", port: listener.port, identity: TLSIdentity(folder: lines.folder, role: role),
            expecting: .coordinator, timeoutSeconds: 120)
    }

    /// Dials and says hello.
    func join(_ role: Role, _ change: (inout Hello) -> Void = { _ in }) throws -> Connection {
        let connection = try dial(role)
        try connection.send(.hello(Self.hello(role, change)))
        return connection
    }

    static func hello(_ role: Role, _ change: (inout Hello) -> Void = { _ in }) -> Hello {
        var hello = Hello(
            protocolVersion: ProtocolVersion.current, role: role, name: "\(role.rawValue)-0", computeProfile: "",
            dataFingerprint: "", server: nil, term: Term(0), origin: 9)
        if role == .server {
            hello.server = ServerHello(
                shard: ShardIdentity(index: 1, count: 2), host: "10.0.0.7", port: 4000, runID: "", stage: StageIndex(0),
                step: StepIndex(0), hasReduced: false)
        }
        change(&hello)
        return hello
    }

    /// The next event, which waits to be handled until `handled`.
    func take() throws -> NodeEvent {
        let deadline = Moment.now() + 120
        while waiting.isEmpty {
            try #require(Moment.now() < deadline, "nothing is posted")
            waiting = mailbox.take(waitingSeconds: 10)
        }
        let event = waiting.removeFirst()
        if case .joined(let peer, _) = event { peers.append(peer) }
        return event
    }

    func handled(_ event: NodeEvent) {
        switch event {
        case .joined(let peer, _): peer.inbox.leave(0)
        case .message(let peer, _, let bytes): peer.inbox.leave(bytes)
        default: break
        }
    }

    /// The next event, in words, after what the deciding thread makes of who sent it.
    func next(_ decide: (Peer) -> Void = { _ in }) throws -> String {
        let event = try take()
        switch event {
        case .joined(let peer, _), .message(let peer, _, _): decide(peer)
        default: break
        }
        handled(event)
        return event.text
    }

    func next(_ count: Int) throws -> [String] { try (0..<count).map { _ in try next() } }

    var isQuiet: Bool { waiting.isEmpty && mailbox.take(waitingSeconds: 0.05).isEmpty }
}

extension NodeEvent {
    /// What of it the tests of the gate compare.
    var text: String {
        switch self {
        case .joined(let peer, let hello): "\(hello.name) joined as \(peer.id.value)"
        case .message(let peer, let message, let bytes): "\(peer.name) says \(message.kind) of \(bytes) bytes"
        case .lost(let id, let loss): "\(id.value) lost: \(loss)"
        case .remark(let sentence, let source): "of \(source): \(sentence)"
        default: "\(self)"
        }
    }
}

/// What this side was sent as the reason why it is not served; skips what comes before.
func refusal(_ connection: Connection) throws -> String {
    while true {
        let incoming = try connection.receive(timeoutSeconds: 120)
        try connection.discardPayload()
        if case .refused(let reason, _) = incoming.message { return reason }
    }
}

/// Waits until the other side has ended the connection.
func awaitEnd(_ connection: Connection) {
    while (try? connection.receive(timeoutSeconds: 120)) != nil { try? connection.discardPayload() }
}
