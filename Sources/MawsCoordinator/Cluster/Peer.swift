import MawsBase
import MawsProtocol
import MawsTransport
import MawsWire

/// One process connected to the coordinator.
final class Peer: Sendable {
    let id: PeerID
    let role: Role
    /// What it calls itself, or what it is called where others call themselves so.
    let name: String
    /// `Hello.origin`.
    let origin: UInt64
    /// A server's shard, and where trainers reach it.
    let shard: ShardIdentity?
    let listens: NetworkAddress?
    let connection: Connection
    /// When its certificate ends.
    let life: CertificateLife?

    init(
        id: PeerID, role: Role, name: String, origin: UInt64, shard: ShardIdentity?, listens: NetworkAddress?,
        connection: Connection
    ) {
        self.id = id
        self.role = role
        self.name = name
        self.origin = origin
        self.shard = shard
        self.listens = listens
        self.connection = connection
        life = connection.peerLife
    }

    func renamed(_ name: String) -> Peer {
        Peer(
            id: id, role: role, name: name, origin: origin, shard: shard, listens: listens, connection: connection)
    }

    /// The name in its certificate, which is proved, as its own is not.
    var certificate: String { connection.peer.name }

    /// What sentences call it: with its certificate's name, unless that says the role alone.
    var title: String { certificate == role.rawValue ? name : "\(name) (\(certificate))" }

    /// What log lines that are about it call it.
    var label: String { "\(name) at \(connection.remoteAddress), certificate \(certificate)," }

    /// Where it is reached: a server where it listens, others where they come from.
    var address: String { listens.map { "\($0)" } ?? connection.remoteAddress }

    var certificateWarning: String? {
        life?.warning(of: "the \(role.rawValue) certificate \(certificate) of \(name)")
    }
}

/// What reaches the deciding thread.
enum NodeEvent: Sendable {
    case joined(Peer, Hello)
    case message(PeerID, Message)
    case lost(PeerID, reason: String)
    /// From a worker thread of the coordinator itself.
    case core(CoordinatorEvent)
    case childEnded(name: String, status: String)
    case stop
    case failed(sentence: String)
    case note(String)
}
