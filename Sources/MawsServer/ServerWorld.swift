import Foundation
import MawsBase
import MawsState
import MawsTransport
import MawsWire

/// What a server has of the world beside its trainers, who are brought to it (`ServerNode.serve`): the machine in
/// `maws-ps`, whatever a test or a simulation makes of it elsewhere.
package struct ServerWorld: Sendable {
    /// The monotonic clock.
    package var now: @Sendable () -> Moment
    /// Lets that much time go by.
    package var pause: @Sendable (_ seconds: Double) -> Void
    /// Lets the lock go until what it guards changes, at most until a moment; false once that has passed.
    package var wait: @Sendable (MonotonicCondition, _ deadline: Moment) -> Bool
    /// Does this beside the calling thread, again and again, each time after as many seconds as it said, until it says
    /// nil.
    package var beside: @Sendable (@escaping @Sendable () -> Double?) -> Void
    /// Does something with the state's files: where a disk refuses it, this throws.
    package var disk: @Sendable (StateAccess, () throws -> Void) throws -> Void
    /// Which run of the machine this is; nil where nobody knows.
    package var boot: [UInt8]?
    /// What the process has in memory, mapped files included; nil where nobody knows.
    package var residentBytes: @Sendable () -> Int?
    /// Dials the coordinator, for its orders to the process of this origin.
    package var dialOrders: @Sendable (_ origin: UInt64) throws -> OrderLine
    /// Dials it again, for tensors.
    package var dialTensors: @Sendable (_ seconds: Double) throws -> any ShardChannel

    package init(
        now: @escaping @Sendable () -> Moment, pause: @escaping @Sendable (_ seconds: Double) -> Void,
        wait: @escaping @Sendable (MonotonicCondition, _ deadline: Moment) -> Bool,
        beside: @escaping @Sendable (@escaping @Sendable () -> Double?) -> Void,
        disk: @escaping @Sendable (StateAccess, () throws -> Void) throws -> Void, boot: [UInt8]?,
        residentBytes: @escaping @Sendable () -> Int?,
        dialOrders: @escaping @Sendable (_ origin: UInt64) throws -> OrderLine,
        dialTensors: @escaping @Sendable (_ seconds: Double) throws -> any ShardChannel
    ) {
        (self.now, self.pause, self.wait, self.beside) = (now, pause, wait, beside)
        (self.disk, self.boot, self.residentBytes) = (disk, boot, residentBytes)
        (self.dialOrders, self.dialTensors) = (dialOrders, dialTensors)
    }

    /// Does something with the state's files, for what that gives.
    func access<Result>(_ what: StateAccess, _ body: () throws -> Result) throws -> Result {
        var result: Result?
        try disk(what) { result = try body() }
        guard let result else { preconditionFailure("a disk that did nothing says that it did") }
        return result
    }

    /// This machine.
    static func machine(coordinator: NetworkAddress, identity: TLSIdentity) -> ServerWorld {
        let dial: @Sendable (Double) throws -> Connection = { seconds in
            try Connection.connect(
                host: coordinator.host, port: coordinator.port, identity: identity, expecting: .coordinator,
                timeoutSeconds: seconds)
        }
        return ServerWorld(
            now: { .now() }, pause: { Thread.sleep(forTimeInterval: $0) }, wait: { $0.wait(until: $1) },
            beside: { turn in
                Thread.detachNewThread { while let seconds = turn() { Thread.sleep(forTimeInterval: seconds) } }
            },
            disk: { _, body in try body() }, boot: MachineBoot.identity,
            residentBytes: { ResidentWatch.residentBytes },
            dialOrders: { origin in
                let connection = try dial(10)
                return OrderLine(
                    channel: connection, watch: LineWatch(connection, origin: origin, redial: dial),
                    localHost: connection.localHost)
            }, dialTensors: dial)
    }
}

/// What is done with a state's files.
package enum StateAccess: Hashable, Sendable, CaseIterable {
    /// The shard's lock is taken.
    case lock
    /// What an earlier process left is looked at.
    case open
    /// A new file is made, with its place on the disk.
    case create
    /// The file says which version is whole.
    case seal
}

/// The line on which the coordinator gives orders.
package struct OrderLine {
    package var channel: any ShardChannel
    package var watch: any OrderWatch
    /// This end's host, as the coordinator's side reaches it.
    package var localHost: String

    package init(channel: any ShardChannel, watch: any OrderWatch, localHost: String) {
        (self.channel, self.watch, self.localHost) = (channel, watch, localHost)
    }
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
