import MawsTransport
import MawsWire
import Synchronization

/// The greeted connections of trainers, so that a trainer can ask on another one whether its line still leads here.
package final class TrainerLinks: Sendable {
    /// One connection.
    final class Link: Sendable {
        let origin: UInt64
        let connection: any ShardChannel
        /// Whether its thread waits for memory and reads nothing meanwhile.
        let isHeldUp = Atomic(false)

        init(origin: UInt64, connection: any ShardChannel) {
            self.origin = origin
            self.connection = connection
        }
    }

    private let links = Mutex<[UInt64: Link]>([:])

    package init() {}

    /// A connection whose trainer named no origin cannot be asked about.
    func add(_ connection: any ShardChannel, origin: UInt64) -> Link {
        let link = Link(origin: origin, connection: connection)
        if origin != 0 { links.withLock { $0[origin] = link } }
        return link
    }

    func remove(_ link: Link) {
        links.withLock { links in
            if links[link.origin] === link { links[link.origin] = nil }
        }
    }

    func state(of origin: UInt64) -> LinkState {
        guard let link = links.withLock({ $0[origin] }) else { return .unknown }
        return LinkState(
            isOpen: true, isHeldUp: link.isHeldUp.load(ordering: .relaxed),
            bytesReceived: link.connection.bytesReceived, bytesSent: link.connection.bytesSent)
    }
}
