import MawsBase
import MawsProtocol
import MawsTransport
import MawsWire

/// A greeted connection to a shard, as the exchange needs it: TLS in a trainer, whatever a test or a simulation makes
/// of it elsewhere. One thread sends and receives; any thread closes.
package protocol ShardConnection: AnyObject, Sendable {
    func send(_ message: Message, payload: UnsafeRawBufferPointer) throws
    /// Waits for the next message, however long that takes. Drops what was not read of the payload of the last one.
    func receive() throws -> (message: Message, payloadCount: Int)
    /// Reads the payload of the last message whole.
    func receivePayload(into destination: UnsafeMutableRawBufferPointer) throws
    func close()
    /// What this side knows of the connection: what the shard says of it is held against that.
    var pulse: LinkPulse { get }
    /// Asks, on this connection, what the shard knows of another one.
    func state(of other: any ShardConnection) throws -> LinkState
}

/// What the exchange has of the world beside threads: a clock, and connections.
package struct ShardWorld: Sendable {
    package var now: @Sendable () -> Moment
    /// Dials a shard, greets it and waits for its welcome.
    package var dial: @Sendable (ServerAddress, ShardGreeting, ShardTimeouts) throws -> any ShardConnection

    package init(
        now: @escaping @Sendable () -> Moment,
        dial: @escaping @Sendable (ServerAddress, ShardGreeting, ShardTimeouts) throws -> any ShardConnection
    ) {
        (self.now, self.dial) = (now, dial)
    }

    /// TLS and the monotonic clock.
    package static let real = ShardWorld(now: { .now() }, dial: ShardLink.dial)
}

/// Who this trainer is towards the shards.
package struct ShardGreeting: Sendable {
    package var identity: TLSIdentity
    package var hello: Hello
    /// Identity of the run the shards must serve.
    package var runID: String

    package init(identity: TLSIdentity, hello: Hello, runID: String) {
        self.identity = identity
        self.hello = hello
        self.runID = runID
    }
}
