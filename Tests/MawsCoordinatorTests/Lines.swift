import Foundation
import MawsBase
import MawsCoordinator
import MawsProtocol
import MawsTransport
import MawsWire
import Testing

/// Certificates of one cluster, and connections of its servers to a coordinator that is this test.
final class TestLines {
    let folder: String
    private let listener: Listener
    private let server: TLSIdentity
    let coordinator: TLSIdentity

    init() throws {
        folder = NSTemporaryDirectory() + "maws-lines-\(UUID().uuidString)"
        try CertificateAuthority.make(folder: folder, cluster: "test")
        coordinator = try TLSIdentity(folder: folder, role: .coordinator)
        server = try TLSIdentity(folder: folder, role: .server)
        listener = try Listener(host: "127.0.0.1", port: 0, identity: coordinator, allowedRoles: [.server])
    }

    deinit {
        listener.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Both ends of a line: as the coordinator has it, and the server's.
    func line(
        shard: Int = 0, of count: Int = 1, id: UInt64 = 1, listens: NetworkAddress? = nil,
        as identity: TLSIdentity? = nil
    ) throws -> (peer: Peer, server: Connection) {
        let (own, connection) = try ends(identity)
        own.allow(.server)
        let peer = Peer(
            id: PeerID(id), role: .server, name: "server-\(shard)", origin: 7,
            shard: ShardIdentity(index: shard, count: count), listens: listens, connection: own,
            outbox: Outbox(own, bytesMax: 4096))
        return (peer, connection)
    }

    /// Both ends of a connection for tensors, which the peer's place has.
    func bulk(of peer: Peer) throws -> (line: BulkLine, own: Connection, server: Connection) {
        let (own, connection) = try ends()
        own.allow(.bulk)
        let line = BulkLine(own)
        peer.bulk.open(.welcome(Welcome(term: Term(1), plan: [], runID: "run")), .now())
        #expect(peer.bulk.take(line) == nil)
        return (line, own, connection)
    }

    /// As the coordinator has it, and the server's.
    private func ends(_ identity: TLSIdentity? = nil) throws -> (own: Connection, server: Connection) {
        let done = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var accepted: Connection?
        Thread.detachNewThread { [listener] in
            accepted = try? listener.accept()
            try? accepted?.handshake(timeoutSeconds: 60)
            done.signal()
        }
        let connection = try Connection.connect(
            host: "127.0.0.1", port: listener.port, identity: identity ?? server, expecting: .coordinator,
            timeoutSeconds: 60)
        done.wait()
        return (try #require(accepted), connection)
    }

    /// A server whose certificate has a name of its own.
    func issued(_ name: String, validSeconds: Int = 86_400 * 365) throws -> TLSIdentity {
        let own = "\(folder)-\(name)"
        defer { try? FileManager.default.removeItem(atPath: own) }
        try CertificateAuthority.issue(
            from: folder, roleText: "server", name: name, into: own, validSeconds: validSeconds)
        return try TLSIdentity(folder: own, role: .server, name: name)
    }

    /// Who listens where a server would, and answers what it is asked about a process.
    func answering(_ state: LinkState) throws -> NetworkAddress {
        try answering(Array(repeating: { state }, count: 100))
    }

    /// One answer after the other; nil: the connection is ended without one.
    func answering(_ answers: [@Sendable () -> LinkState?]) throws -> NetworkAddress {
        let listener = try Listener(host: "127.0.0.1", port: 0, identity: server, allowedRoles: [.coordinator])
        Thread.detachNewThread {
            for answer in answers {
                guard let connection = try? listener.accept() else { return }
                defer { connection.close() }
                guard (try? connection.handshake(timeoutSeconds: 60)) != nil,
                    case .linkRequest(let origin)? = try? connection.receive(timeoutSeconds: 60).message,
                    let state = answer()
                else { continue }
                try? connection.send(.linkState(Reply(term: Term(1), request: RequestNumber(origin)), state))
                // Its end comes from the other side: what was sent is not lost with the connection.
                _ = try? connection.receive(timeoutSeconds: 60)
            }
        }
        return NetworkAddress(host: "127.0.0.1", port: listener.port)
    }
}

extension Peer {
    /// The connection of a peer that this test made over a socket.
    var socket: Connection {
        guard let socket = connection as? Connection else { preconditionFailure("it has no socket") }
        return socket
    }
}
