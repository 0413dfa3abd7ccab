import MawsBase
import MawsProtocol
import MawsTransport
import MawsWire
import Synchronization

/// One process connected to the coordinator.
package final class Peer: Sendable {
    package let id: PeerID
    package let role: Role
    /// What it calls itself, or what it is called where others call themselves so.
    package let name: String
    /// `Hello.origin`.
    package let origin: UInt64
    /// A server's shard, and where trainers reach it.
    package let shard: ShardIdentity?
    package let listens: NetworkAddress?
    package let connection: any PeerConnection
    /// What is on its way to it, and what of it waits to be handled.
    package let outbox: any PeerOutbox
    package let inbox: Inbox
    /// A server's connection for tensors.
    package let bulk: BulkPlace
    /// Whether a trainer computes the run's bits from the run's data, as far as it says.
    package let admission: AdmissionFlag
    /// Whether its line is being read.
    package let line: LineUse
    /// When its certificate ends.
    let life: CertificateLife?

    package init(
        id: PeerID, role: Role, name: String, origin: UInt64, shard: ShardIdentity?, listens: NetworkAddress?,
        connection: any PeerConnection, outbox: any PeerOutbox, inbox: Inbox = Inbox(),
        admission: AdmissionFlag = AdmissionFlag(), line: LineUse = LineUse(), bulk: BulkPlace = BulkPlace()
    ) {
        (self.outbox, self.inbox, self.admission, self.line) = (outbox, inbox, admission, line)
        self.bulk = bulk
        self.id = id
        self.role = role
        self.name = name
        self.origin = origin
        self.shard = shard
        self.listens = listens
        self.connection = connection
        life = connection.peerLife
    }

    package func renamed(_ name: String) -> Peer {
        Peer(
            id: id, role: role, name: name, origin: origin, shard: shard, listens: listens, connection: connection,
            outbox: outbox, inbox: inbox, admission: admission, line: line, bulk: bulk)
    }

    /// What is known of its line.
    func beats(_ now: Moment) -> HeartbeatCore.Line {
        HeartbeatCore.Line(role, silentSeconds: connection.silentSeconds, readSeconds: line.readSeconds(now))
    }

    /// What the cores know of its connection.
    package var connected: ConnectedPeer {
        ConnectedPeer(
            id: id, role: role, name: name, origin: origin, shard: shard, silentSeconds: connection.silentSeconds)
    }

    /// The name in its certificate, which is proved, as its own is not.
    package var certificate: String { connection.peer.name }

    /// What sentences call it: with its certificate's name, unless that says the role alone.
    package var title: String { certificate == role.rawValue ? name : "\(name) (\(certificate))" }

    /// What log lines that are about it call it.
    package var label: String { "\(name) at \(connection.remoteAddress), certificate \(certificate)," }

    /// By whom lines of the log are counted that it brings about.
    package var source: String { "\(role.rawValue) \(certificate)" }

    /// Tells it why it is not served any more, and ends its connection a little later.
    package func dismiss(_ reason: String, mayTryAgain: Bool = false) {
        bulk.close()
        outbox.finish(.refused(reason: reason, mayTryAgain: mayTryAgain))
    }

    /// Ends its connection.
    package func end() {
        outbox.end()
        inbox.end()
        bulk.close()
    }

    /// Where it is reached: a server where it listens, others where they come from.
    package var address: String { listens.map { "\($0)" } ?? connection.remoteAddress }

    package var certificateWarning: String? {
        life?.warning(of: "the \(role.rawValue) certificate \(certificate) of \(name)")
    }
}

/// Written by the deciding thread, read by the one that receives.
package final class AdmissionFlag: Sendable {
    private let granted = Atomic(false)

    package init() {}

    package var isGranted: Bool { granted.load(ordering: .acquiring) }
    package func grant() { granted.store(true, ordering: .releasing) }
}

/// Written by the thread that receives: while it does something else, silence says nothing of the peer.
package final class LineUse: Sendable {
    /// Since when it is read, in nanoseconds of the clock; nil while it is not is `notRead`.
    private let readSince = Atomic(LineUse.notRead)
    private static let notRead = UInt64.max

    package init() {}

    package var isHeldUp: Bool { readSince.load(ordering: .acquiring) == Self.notRead }

    /// For how long it has been read by now; 0 while it is not.
    package func readSeconds(_ now: Moment) -> Double {
        now.seconds(since: Moment(nanoseconds: readSince.load(ordering: .acquiring)))
    }

    /// Waits for what comes next.
    package func read<Result>(_ body: () throws -> Result) rethrows -> Result {
        resume(.now())
        defer { readSince.store(Self.notRead, ordering: .releasing) }
        return try body()
    }

    /// It is read from this moment on.
    package func resume(_ now: Moment) { readSince.store(now.nanoseconds, ordering: .releasing) }
}

/// What reaches the deciding thread.
package enum NodeEvent: Sendable {
    case joined(Peer, Hello)
    /// From a peer's inbox, where its body takes so many bytes.
    case message(Peer, Message, bytes: Int)
    case lost(PeerID, PeerLoss)
    /// From a worker thread of the coordinator itself.
    case core(CoordinatorEvent)
    case childEnded(name: String, status: String)
    case stop
    case failed(sentence: String)
    case note(String)
    /// Something that a peer brought about: it may do so often. `source` is its certificate, or its machine.
    case remark(String, source: String)
}
