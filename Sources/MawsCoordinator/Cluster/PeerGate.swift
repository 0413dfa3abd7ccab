import Foundation
import MawsBase
import MawsProtocol
import MawsTransport
import MawsWire
import Synchronization

/// Lets peers in: one thread a connection does the handshake, reads the hello and then posts every message.
final class PeerGate: Sendable {
    private let listener: Listener
    private let mailbox: Mailbox<NodeEvent>
    private let heartbeatTimeoutSeconds: Double
    private let collector: CheckpointCollector
    private let nextPeer = Atomic<UInt64>(1)
    private let lines = OpenLines()

    init(
        listener: Listener, mailbox: Mailbox<NodeEvent>, collector: CheckpointCollector, heartbeatTimeoutSeconds: Double
    ) {
        self.listener = listener
        self.mailbox = mailbox
        self.collector = collector
        self.heartbeatTimeoutSeconds = heartbeatTimeoutSeconds
    }

    func open() {
        Thread.detachNewThread { [self] in
            do {
                while let connection = try listener.accept() {
                    Thread.detachNewThread { [self] in serve(connection) }
                }
            } catch {
                mailbox.post(.failed(sentence: "\(error)"))
            }
        }
    }

    func close() { listener.close() }

    private func serve(_ connection: Connection) {
        do {
            guard let peer = try greet(connection) else { return connection.close() }
            receiveAll(from: peer)
        } catch {
            mailbox.post(.note("\(error)"))
            connection.close()
        }
    }

    /// Handshake and hello: the name and role the peer claims must be those of its certificate. Nil for who only asks
    /// whether its other connection still leads here, which is answered whatever the coordinator is busy with.
    private func greet(_ connection: Connection) throws -> Peer? {
        try connection.handshake(timeoutSeconds: 10)
        let incoming = try connection.receive(timeoutSeconds: 10)
        if case .linkRequest(let origin) = incoming.message, connection.peer.role != .viewer {
            try connection.send(.linkState(lines.state(of: origin)))
            return nil
        }
        guard case .hello(let hello) = incoming.message else {
            throw TransportError.malformed(peer: connection.peerName, reason: "its first message is not hello")
        }
        if let reason = refusal(of: hello, certified: connection.peer.role) {
            connection.refuse(reason)
            throw TransportError.malformed(peer: connection.peerName, reason: reason)
        }
        let id = PeerID(nextPeer.add(1, ordering: .relaxed).oldValue)
        let peer = Peer(
            id: id, role: hello.role, name: hello.name, origin: hello.origin, shard: hello.server?.shard,
            listens: hello.server.map { NetworkAddress(host: $0.host, port: $0.port) }, connection: connection)
        lines.add(connection, origin: hello.origin)
        mailbox.post(.joined(peer, hello))
        return peer
    }

    private func refusal(of hello: Hello, certified: Role) -> String? {
        if hello.protocolVersion != ProtocolVersion.current {
            return
                "it speaks protocol version \(hello.protocolVersion), this coordinator \(ProtocolVersion.current): "
                + "use one version of maws"
        }
        if hello.role != certified { return "it says it is a \(hello.role) with the certificate of a \(certified)" }
        if hello.role == .server && hello.server == nil { return "a server's hello names no shard" }
        if let server = hello.server, NetworkAddress.host(server.host) == nil {
            return
                "it says that trainers reach it at '\(PlainText.line(server.host))', which is no host; see --advertise"
        }
        guard PeerTexts.isName(hello.name) else {
            return
                "its name is '\(PlainText.line(hello.name))'; a --name has 1 to 64 of the letters a to z, digits, `.`, "
                + "`_` and `-`"
        }
        return nil
    }

    private func receiveAll(from peer: Peer) {
        defer { lines.remove(peer.connection, origin: peer.origin) }
        do {
            while true { try receive(from: peer) }
        } catch {
            mailbox.post(.lost(peer.id, reason: "\(error)"))
            peer.connection.close()
        }
    }

    private func receive(from peer: Peer) throws {
        let incoming = try peer.connection.receive(timeoutSeconds: heartbeatTimeoutSeconds)
        if case .snapshotSlice(let slice) = incoming.message, peer.role == .server {
            return try collector.receive(slice, from: peer, byteCount: incoming.payloadCount)
        }
        try peer.connection.discardPayload()
        if incoming.message != .heartbeat { mailbox.post(.message(peer.id, PeerTexts.plain(incoming.message))) }
    }
}
