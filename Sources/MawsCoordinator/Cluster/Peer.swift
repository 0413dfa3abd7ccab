import MawsBase
import MawsProtocol
import MawsTransport
import MawsWire

/// One process connected to the coordinator.
final class Peer: Sendable {
    let id: PeerID
    let role: Role
    let name: String
    /// `Hello.origin`.
    let origin: UInt64
    let connection: Connection

    init(id: PeerID, role: Role, name: String, origin: UInt64, connection: Connection) {
        self.id = id
        self.role = role
        self.name = name
        self.origin = origin
        self.connection = connection
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
