import MawsBase
import MawsProtocol
import MawsTransport
import MawsWire

/// A greeted connection to a shard over TLS.
final class ShardLink: ShardConnection {
    private let connection: Connection
    private let origin: UInt64
    private let shard: ShardIdentity
    private let answerSeconds: Double

    @Sendable static func dial(
        _ address: ServerAddress, _ greeting: ShardGreeting, _ timeouts: ShardTimeouts
    ) throws -> any ShardConnection {
        let connection = try Connection.connect(
            host: address.host, port: address.port, identity: greeting.identity, expecting: .server,
            timeoutSeconds: timeouts.connectSeconds)
        do {
            return try ShardLink(
                shard: address.shard, connection: connection, hello: greeting.hello, runID: greeting.runID,
                answerSeconds: timeouts.answerSeconds)
        } catch {
            connection.close()
            throw error
        }
    }

    /// Says hello and waits for the shard's welcome.
    private init(
        shard: ShardIdentity, connection: Connection, hello: Hello, runID: String, answerSeconds: Double
    ) throws {
        (self.shard, self.connection, self.answerSeconds) = (shard, connection, answerSeconds)
        origin = Origin.fresh()
        var greeting = hello
        greeting.origin = origin
        try connection.send(.hello(greeting))
        switch try connection.receive(timeoutSeconds: answerSeconds).message {
        case .welcome(let welcome):
            guard welcome.runID == runID else { throw TrainerError.wrongRun(shard: shard) }
        case .refused(let reason, _): throw TrainerError.refused(shard: shard, reason: reason)
        default: throw TrainerError.unexpected(shard: shard, awaited: "its welcome")
        }
    }

    func send(_ message: Message, payload: UnsafeRawBufferPointer) throws {
        try connection.send(message, payload: payload)
    }

    /// How long a shard may be silent is the exchange's affair: it closes the connection, which ends this.
    func receive() throws -> (message: Message, payloadCount: Int) {
        try connection.discardPayload()
        while true {
            do {
                let incoming = try connection.receive(timeoutSeconds: 3600)
                return (incoming.message, incoming.payloadCount)
            } catch TransportError.timedOut {
                continue
            }
        }
    }

    func receivePayload(into destination: UnsafeMutableRawBufferPointer) throws {
        if destination.count > 0 { try connection.receivePayload(into: destination) }
    }

    func close() { connection.close() }

    var pulse: LinkPulse { LinkPulse(bytesSent: connection.bytesSent, bytesReceived: connection.bytesReceived) }

    func state(of other: any ShardConnection) throws -> LinkState {
        guard let other = other as? ShardLink else { preconditionFailure("a connection of another world") }
        return try connection.linkState(of: other.origin, timeoutSeconds: answerSeconds)
    }
}
