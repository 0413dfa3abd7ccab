import Foundation
import MawsBase
import MawsTransport
import MawsWire

/// What a shard has of the world beside its peers (`ShardChannel`) and its state file: the machine in `maws-ps`,
/// whatever a test or a simulation makes of it elsewhere.
package struct ServerWorld: Sendable {
    /// The monotonic clock.
    package var now: @Sendable () -> Moment
    /// Lets that much time go by.
    package var pause: @Sendable (_ seconds: Double) -> Void
    /// Lets the lock go until what it guards changes, at most until a moment; false once that has passed.
    package var wait: @Sendable (MonotonicCondition, _ deadline: Moment) -> Bool

    package init(
        now: @escaping @Sendable () -> Moment, pause: @escaping @Sendable (_ seconds: Double) -> Void,
        wait: @escaping @Sendable (MonotonicCondition, _ deadline: Moment) -> Bool
    ) {
        (self.now, self.pause, self.wait) = (now, pause, wait)
    }

    /// This machine.
    package static let real = ServerWorld(
        now: { .now() }, pause: { Thread.sleep(forTimeInterval: $0) }, wait: { $0.wait(until: $1) })
}

/// The line to a peer of a shard, a trainer or the coordinator, as the shard's sessions need it: TLS in a server,
/// whatever a test or a simulation makes of it elsewhere. One thread receives; any thread sends and closes. A payload
/// goes straight to where it belongs, in one call.
package protocol ShardChannel: AnyObject, Sendable {
    /// Who its certificate says that it is.
    var peer: PeerIdentity { get }
    /// `host:port` of the other side.
    var remoteAddress: String { get }
    /// What a sentence calls the other side: the name in its certificate, and its address.
    var peerName: String { get }
    /// Bytes of frames, since the line was made.
    var bytesReceived: UInt64 { get }
    var bytesSent: UInt64 { get }
    /// Waits for a message. After `TransportError.timedOut` the line is still good; after any other error it is not.
    func receive(timeoutSeconds: Double) throws -> Incoming
    /// Reads the payload of the message received last, whole.
    func receivePayload(into destination: UnsafeMutableRawBufferPointer) throws
    /// Reads and drops it, as far as it was not read.
    func discardPayload() throws
    func send(_ message: Message, payload: UnsafeRawBufferPointer) throws
    /// What the peer may send from now on.
    func allow(_ budget: MessageBudget)
    /// Gives the peer up when it sends no byte for so long in the middle of a frame. Before others than who made the
    /// line have it.
    func giveUp(afterSeconds seconds: Double)
    /// What sends on this line for threads that wait for no peer.
    func outbox(bytesMax: Int) -> any ShardOutbox
    /// Tells the peer why it is not served any more, and ends the line.
    func refuse(_ reason: String)
    func close()
}

extension ShardChannel {
    package func send(_ message: Message) throws { try send(message, payload: .init(start: nil, count: 0)) }
}

extension Connection: ShardChannel {
    package func send(_ message: Message, payload: UnsafeRawBufferPointer) throws {
        try send(message, payload: payload, stallSeconds: nil)
    }

    package func refuse(_ reason: String) { refuse(reason, mayTryAgain: false) }

    package func outbox(bytesMax: Int) -> any ShardOutbox { Outbox(self, bytesMax: bytesMax) }
}

/// What is on its way to the coordinator; see `Outbox`.
package protocol ShardOutbox: AnyObject, Sendable {
    func put(_ message: Message)
    func beat()
    func end()
}

extension Outbox: ShardOutbox {}

/// Watches the line on which orders come, and ends it when it is dead; see `LineWatch`.
package protocol OrderWatch: Sendable {
    var isDead: Bool { get }
    func begin()
    func end()
    /// Whether the other side said within so many seconds that the line is whole.
    func wasWhole(withinSeconds seconds: Double) -> Bool
    /// The line is not read meanwhile.
    func whileHeldUp<Result>(_ body: () throws -> Result) rethrows -> Result
}

extension LineWatch: OrderWatch {
    package func begin() { begin(whole: {}) }
}
