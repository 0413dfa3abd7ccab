import MawsBase
import MawsWire
import Synchronization

/// The greeted connections that a process accepted, so that who dialed one can ask on another whether it still leads
/// here.
package final class OpenLines: Sendable {
    private let lines = Mutex<[UInt64: Connection]>([:])

    package init() {}

    /// One whose peer named no origin cannot be asked about. Of two with one origin the newer counts.
    package func add(_ connection: Connection, origin: UInt64) {
        if origin != 0 { lines.withLock { $0[origin] = connection } }
    }

    package func remove(_ connection: Connection, origin: UInt64) {
        lines.withLock { lines in
            if lines[origin] === connection { lines[origin] = nil }
        }
    }

    package func state(of origin: UInt64) -> LinkState {
        guard let connection = lines.withLock({ $0[origin] }) else { return .unknown }
        return LinkState(
            isOpen: true, isHeldUp: false, bytesReceived: connection.bytesReceived, bytesSent: connection.bytesSent)
    }
}

extension LinkState {
    /// The state of a connection that the process does not have.
    package static let unknown = LinkState(isOpen: false, isHeldUp: false, bytesReceived: 0, bytesSent: 0)
}

extension Connection {
    /// Asks the process on the other side, as the first thing on this connection, what it knows of another one.
    package func linkState(of origin: UInt64, timeoutSeconds: Double) throws -> LinkState {
        try send(.linkRequest(origin: origin))
        guard case .linkState(let reply, let state) = try receive(timeoutSeconds: timeoutSeconds).message,
            reply.request == RequestNumber(origin)
        else {
            throw TransportError.malformed(peer: peerName, reason: "it does not say what it knows of a connection")
        }
        return state
    }
}
