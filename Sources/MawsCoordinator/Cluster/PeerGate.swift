import Foundation
import MawsBase
import MawsProtocol
import MawsReport
import MawsTransport
import MawsWire
import Synchronization

/// Lets peers in: the reception proves who they are, then a thread of the connection reads the hello and posts every
/// message, as far as the peer's budget allows.
package final class PeerGate: Sendable {
    private static let helloSeconds = 10.0

    private let listener: Listener
    private let mailbox: Mailbox<NodeEvent>
    private let bulk: BulkGate
    private let trainers: MessageBudget
    private let nextPeer = Atomic<UInt64>(1)
    private let lines = OpenLines()

    /// - Parameter evaluates: whether results of evaluations may come.
    package init(
        listener: Listener, mailbox: Mailbox<NodeEvent>, collector: CheckpointCollector, evaluates: Bool,
        heartbeatTimeoutSeconds: Double
    ) {
        self.listener = listener
        self.mailbox = mailbox
        bulk = BulkGate(
            mailbox: mailbox, collector: collector, heartbeatTimeoutSeconds: heartbeatTimeoutSeconds)
        trainers = evaluates ? .examiner : .trainer
    }

    package func open() {
        let budget = ReceptionBudget { role in
            switch role {
            case .viewer: MessageBudget.viewer.connectionsMax
            case .server: MessageBudget.server.connectionsMax
            case .trainer, .coordinator: MessageBudget.trainer.connectionsMax
            }
        }
        let reception = Reception(
            listener, budget: budget,
            admit: { connection in Thread.detachNewThread { [self] in serve(connection) } },
            say: { [mailbox] remark in mailbox.post(.remark(remark.sentence, source: remark.source)) })
        Thread.detachNewThread { [mailbox] in
            do { try reception.run() } catch { mailbox.post(.failed(sentence: "\(error)")) }
        }
    }

    package func close() { listener.close() }

    private func serve(_ connection: Connection) {
        do {
            guard let peer = try greet(connection) else { return connection.close() }
            receiveAll(from: peer, on: connection)
        } catch {
            mailbox.post(.remark("\(error)", source: "\(connection.peer.role.rawValue) \(connection.peer.name)"))
            connection.close()
        }
    }

    /// The role that the peer claims must be that of its certificate. Nil for who only asks whether its other
    /// connection still leads here, which is answered whatever the coordinator is busy with, and for a connection for
    /// tensors, once that has ended.
    private func greet(_ connection: Connection) throws -> Peer? {
        let incoming = try connection.receive(timeoutSeconds: Self.helloSeconds)
        if case .linkRequest(let origin) = incoming.message, connection.peer.role != .viewer {
            let reply = Reply(term: Term(0), request: RequestNumber(origin))
            try connection.send(.linkState(reply, lines.state(of: origin)))
            return nil
        }
        if case .bulk(let origin) = incoming.message {
            try bulk.serve(connection, origin: origin)
            return nil
        }
        guard case .hello(let hello) = incoming.message else {
            throw refused(connection, .noHello)
        }
        if let refusal = Admission.refusal(of: hello, certified: connection.peer.role) {
            throw refused(connection, refusal)
        }
        let budget = budget(hello.role)
        connection.allow(budget)
        let id = PeerID(nextPeer.add(1, ordering: .relaxed).oldValue)
        let peer = Peer(
            id: id, role: hello.role, name: hello.name, origin: hello.origin, shard: hello.server?.shard,
            listens: hello.server.map { NetworkAddress(host: $0.host, port: $0.port) }, connection: connection,
            outbox: Outbox(connection, bytesMax: budget.unsentBytesMax))
        lines.add(connection, origin: hello.origin)
        bulk.add(peer)
        peer.inbox.enter(0, budget)
        mailbox.post(.joined(peer, PeerTexts.plain(hello)))
        settle(peer, on: connection)
        return peer
    }

    /// Tells the peer why it is not let in.
    private func refused(_ connection: Connection, _ refusal: AdmissionRefusal) -> TransportError {
        connection.refuse("\(refusal)")
        return .malformed(peer: connection.peerName, reason: "\(refusal)")
    }

    private func budget(_ role: Role) -> MessageBudget {
        switch role {
        case .server: .server
        case .viewer, .coordinator: .viewer
        case .trainer: .guest
        }
    }

    private func receiveAll(from peer: Peer, on connection: Connection) {
        defer {
            lines.remove(connection, origin: peer.origin)
            bulk.remove(peer)
        }
        do {
            while true { try receive(from: peer, on: connection) }
        } catch {
            // Nobody misses a viewer; what it did wrong is worth a line.
            if peer.role == .viewer, !isEnd(error) { mailbox.post(.remark("\(error)", source: peer.source)) }
            mailbox.post(.lost(peer.id, .line(peer.outbox.failure ?? "\(error)")))
            peer.outbox.end()
        }
    }

    private func isEnd(_ error: any Error) -> Bool {
        if case TransportError.closed = error { true } else { false }
    }

    private func receive(from peer: Peer, on connection: Connection) throws {
        let incoming = try peer.line.read { try next(on: connection) }
        if peer.outbox.isFinishing { return try connection.discardPayload() }
        try connection.discardPayload()
        if incoming.message == .heartbeat { return }
        let budget = peer.role == .trainer ? trainers : budget(peer.role)
        peer.inbox.enter(incoming.bodyCount, budget)
        mailbox.post(.message(peer, PeerTexts.plain(incoming.message), bytes: incoming.bodyCount))
        if case .hello = incoming.message { settle(peer, on: connection) }
    }

    /// Waits for a message, however long that takes: who is silent for too long is ended by the deciding thread.
    private func next(on connection: Connection) throws -> Incoming {
        while true {
            do { return try connection.receive(timeoutSeconds: 3600) } catch TransportError.timedOut { continue }
        }
    }

    /// What a peer may send next depends on what becomes of its hello.
    private func settle(_ peer: Peer, on connection: Connection) {
        peer.inbox.settle()
        // What one that was refused has sent already is read and dropped, so that it gets to read why.
        if peer.admission.isGranted || peer.outbox.isFinishing { connection.allow(trainers) }
    }
}

extension Reception.Remark {
    fileprivate var source: String {
        switch self {
        case .refused(let host, _): "a newcomer at \(host)"
        case .noRoom: "the reception"
        }
    }

    fileprivate var sentence: String {
        switch self {
        case .refused(_, let sentence): sentence
        case .noRoom(let reason):
            "no more connections can be accepted now (\(reason)): the newest that has not proven who it is was closed"
        }
    }
}
