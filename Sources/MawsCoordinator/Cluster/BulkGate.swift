import MawsBase
import MawsProtocol
import MawsReport
import MawsTransport
import MawsWire
import Synchronization

/// Lets the connections of servers in on which tensors travel, and reads them. One that makes no progress for as long
/// as a peer may be silent is given up and said; its server opens another, on which what is missing is asked for again.
/// The run's orders wait for none of it.
package final class BulkGate: Sendable {
    /// A server reads a slice off its disk before the first byte comes.
    private static let answerSecondsMin = 60.0

    private let mailbox: Mailbox<NodeEvent>
    private let collector: CheckpointCollector
    private let heartbeatTimeoutSeconds: Double
    /// Servers whose connection for orders stands, by their origin.
    private let servers = Mutex<[UInt64: Peer]>([:])

    package init(mailbox: Mailbox<NodeEvent>, collector: CheckpointCollector, heartbeatTimeoutSeconds: Double) {
        (self.mailbox, self.collector) = (mailbox, collector)
        self.heartbeatTimeoutSeconds = heartbeatTimeoutSeconds
    }

    /// The newer of two peers with one origin counts.
    func add(_ peer: Peer) {
        if peer.role == .server, peer.origin != 0 { servers.withLock { $0[peer.origin] = peer } }
    }

    func remove(_ peer: Peer) {
        servers.withLock { servers in
            if servers[peer.origin]?.id == peer.id { servers[peer.origin] = nil }
        }
    }

    /// Serves a connection that began with `bulk`, on its own thread, until it ends. Throws what its holder did wrong
    /// before it had a place.
    func serve(_ connection: Connection, origin: UInt64) throws {
        connection.giveUp(afterSeconds: heartbeatTimeoutSeconds)
        connection.giveUpReaders(afterSeconds: heartbeatTimeoutSeconds)
        connection.allow(.bulk)
        let role = connection.peer.role
        guard role == .server else { return try refuse(connection, .bulkOfOther(role)) }
        guard let peer = servers.withLock({ $0[origin] }), peer.connection.peer == connection.peer else {
            return try refuse(connection, .bulkOfNobody)
        }
        let line = BulkLine(connection)
        if let refusal = peer.bulk.take(line) {
            defer { line.end() }
            return try refuse(connection, refusal)
        }
        collector.lineOpened(peer.id)
        let reason = readToTheEnd(line, connection, of: peer)
        peer.bulk.leave(line)
        guard !peer.outbox.isFinishing else { return }
        mailbox.post(
            .remark("the connection for tensors of \(peer.label) ended: \(reason)", source: peer.source))
    }

    private func refuse(_ connection: Connection, _ refusal: AdmissionRefusal) throws {
        connection.refuse("\(refusal)", mayTryAgain: refusal.mayTryAgain)
        throw TransportError.malformed(peer: connection.peerName, reason: "\(refusal)")
    }

    private func readToTheEnd(_ line: BulkLine, _ connection: Connection, of peer: Peer) -> String {
        var movedAt = Moment.now()
        do {
            while true { try receive(connection, peer, &movedAt) }
        } catch {
            return line.outbox.failure ?? "\(error)"
        }
    }

    /// - Parameter movedAt: when a slice came last, or none was awaited.
    private func receive(_ connection: Connection, _ peer: Peer, _ movedAt: inout Moment) throws {
        let incoming = try connection.receive(timeoutSeconds: heartbeatTimeoutSeconds)
        switch PeerTexts.plain(incoming.message) {
        case .snapshotSlice(let reply, let slice):
            try collector.receive(
                slice, reply.request, from: peer.id, over: connection, byteCount: incoming.payloadCount)
            movedAt = .now()
        case .unavailable(let reply, let reason): collector.declined(peer.id, reply.request, reason)
        case .restoreRequest(let reply, let received):
            peer.inbox.enter(incoming.bodyCount, .server)
            mailbox.post(.message(peer, .restoreRequest(reply, received: received), bytes: incoming.bodyCount))
        default: try check(connection, peer, &movedAt)
        }
    }

    /// Who says that it lives and does not send what it is asked for is given up, too.
    private func check(_ connection: Connection, _ peer: Peer, _ movedAt: inout Moment) throws {
        let now = Moment.now()
        guard collector.awaits(peer.id) else { return movedAt = now }
        let seconds = max(Self.answerSecondsMin, heartbeatTimeoutSeconds)
        if now.seconds(since: movedAt) >= seconds {
            throw TransportError.timedOut(
                peer: connection.peerName, waitingFor: "a slice of a checkpoint", seconds: seconds)
        }
    }
}
