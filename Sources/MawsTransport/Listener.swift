import MawsBase
import MawsWire

/// A listening TCP socket whose connections speak TLS 1.3 and present certificates of this cluster.
public final class Listener: @unchecked Sendable {
    /// - Parameters:
    ///   - host: address to listen on, `0.0.0.0` or `127.0.0.1` for instance.
    ///   - port: 0 lets the system choose; read `port` afterwards.
    ///   - allowedRoles: who may connect; others are refused with a sentence.
    public init(host: String, port: UInt16, identity: TLSIdentity, allowedRoles: [Role]) throws {
        fatalError("filled in by the next commit")
    }

    /// The port in use.
    public var port: UInt16 { fatalError("filled in by the next commit") }

    /// Waits for the next connection; nil after `close()`. The connection is not yet trusted: call `handshake` on the
    /// thread that will serve it, so that a slow peer delays nobody else.
    public func accept() throws -> Connection? { fatalError("filled in by the next commit") }

    /// Stops listening and wakes `accept`.
    public func close() { fatalError("filled in by the next commit") }
}
