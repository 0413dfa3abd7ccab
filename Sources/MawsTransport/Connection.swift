import MawsBase
import MawsWire

/// A message that arrived, and how many payload bytes follow it.
public struct Incoming: Sendable {
    public let message: Message
    /// When above 0, `receivePayload` or `discardPayload` comes before the next `receive`.
    public let payloadCount: Int
}

/// One TLS connection that carries frames. Any thread may send, while one other thread receives.
public final class Connection: @unchecked Sendable {
    /// Dials and completes the handshake as a client; throws when the other side is not `expecting` of this cluster.
    public static func connect(
        host: String, port: UInt16, identity: TLSIdentity, expecting: Role, timeoutSeconds: Double
    ) throws -> Connection {
        fatalError("filled in by the next commit")
    }

    /// Completes an accepted connection: certificate, cluster and role are checked. A peer of the wrong role is sent
    /// `refused`. The error names the remote address and the reason; the connection is closed by then.
    public func handshake(timeoutSeconds: Double) throws { fatalError("filled in by the next commit") }

    /// Who the peer's certificate says it is. Only after the handshake.
    public var peer: PeerIdentity { fatalError("filled in by the next commit") }

    /// `host:port` of the other side.
    public var remoteAddress: String { fatalError("filled in by the next commit") }

    public var bytesSent: UInt64 { fatalError("filled in by the next commit") }
    public var bytesReceived: UInt64 { fatalError("filled in by the next commit") }

    /// Sends one frame; returns when the system has taken all of it. Throws when the peer takes nothing for a minute.
    public func send(_ message: Message, payload: UnsafeRawBufferPointer = .init(start: nil, count: 0)) throws {
        fatalError("filled in by the next commit")
    }

    /// Waits for a frame. After `TransportError.timedOut` the connection is still good; after any other error it is not.
    public func receive(timeoutSeconds: Double) throws -> Incoming { fatalError("filled in by the next commit") }

    /// Reads the payload of the message received last. `destination` has exactly its `payloadCount` bytes.
    public func receivePayload(into destination: UnsafeMutableRawBufferPointer) throws {
        fatalError("filled in by the next commit")
    }

    /// Reads and drops the payload of the message received last; nothing to do when there is none.
    public func discardPayload() throws { fatalError("filled in by the next commit") }

    /// Ends the connection for both sides and wakes every thread blocked on it. Any thread, any number of times.
    public func close() { fatalError("filled in by the next commit") }
}
