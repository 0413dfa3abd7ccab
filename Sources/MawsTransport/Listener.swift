import COpenSSL
import Glibc
import MawsBase
import Synchronization

/// A listening TCP socket whose connections speak TLS 1.3 and present certificates of this cluster.
package final class Listener: @unchecked Sendable {
    /// The port in use.
    package let port: UInt16
    let descriptor: Int32
    private let address: String
    private let identity: TLSIdentity
    private let allowedRoles: [Role]
    private let closed = Atomic(false)

    /// - Parameters:
    ///   - host: address to listen on, `0.0.0.0` or `127.0.0.1` for instance.
    ///   - port: 0 lets the system choose; read `port` afterwards.
    ///   - allowedRoles: who may connect; others are refused with a sentence.
    package init(host: String, port: UInt16, identity: TLSIdentity, allowedRoles: [Role]) throws {
        let wanted = NetworkAddress(host: host, port: port)
        let candidates = try SocketAddress.resolve(host: host, port: port, toListen: true)
        guard !candidates.isEmpty else {
            throw TransportError.unknownHost(host: host, reason: "it has no address")
        }
        (descriptor, self.port) = try Self.open(candidates, wanted)
        address = "\(NetworkAddress(host: host, port: self.port))"
        self.identity = identity
        self.allowedRoles = allowedRoles
    }

    /// Listens at the first of a host's addresses that this machine has.
    private static func open(
        _ candidates: [SocketAddress], _ wanted: NetworkAddress
    ) throws -> (descriptor: Int32, port: UInt16) {
        var number: Int32 = 0
        for candidate in candidates {
            let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
            let descriptor = socket(candidate.family, Int32(kind), 0)
            if descriptor >= 0 {
                // A restarted process takes its port back at once, though old connections still fade.
                setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, [Int32(1)], 4)
                // `[::]` is every address of the machine, those of IPv4 too, whatever the system's default is.
                setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, [Int32(0)], 4)
                let isBound = candidate.withPointer { bind(descriptor, $0, $1) } == 0 && listen(descriptor, 1024) == 0
                if isBound, let bound = SocketAddress({ getsockname(descriptor, $0, $1) }) {
                    return (descriptor, bound.port)
                }
            }
            number = errno
            if descriptor >= 0 { Glibc.close(descriptor) }
        }
        if number == EADDRINUSE { throw TransportError.portInUse(address: "\(wanted)") }
        throw TransportError.cannotListen(address: "\(wanted)", reason: systemText(number))
    }

    deinit { Glibc.close(descriptor) }

    var isClosed: Bool { closed.load(ordering: .acquiring) }

    /// What a try to accept came to.
    enum Accepted {
        case connection(Connection)
        /// Nobody waits.
        case nobody
        /// The system has no room for another connection now.
        case noRoom(String)
        case closed
    }

    /// Waits for the next connection; nil after `close()`. The connection is not yet trusted: call `handshake` on the
    /// thread that will serve it, so that a slow peer delays nobody else. Who serves many uses a `Reception`.
    package func accept() throws -> Connection? {
        while true {
            switch try acceptNow() {
            case .connection(let connection): return connection
            case .closed: return nil
            case .noRoom(let reason): throw TransportError.cannotListen(address: address, reason: reason)
            case .nobody:
                var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                _ = poll(&entry, until: Moment.now() + 1)
            }
        }
    }

    /// The next connection that is there; does not wait.
    func acceptNow() throws -> Accepted {
        while !isClosed {
            var accepted: Int32 = -1
            let remote = SocketAddress {
                accepted = maws_accept(descriptor, $0, $1, Int32(SOCK_CLOEXEC.rawValue))
                return accepted
            }
            if let remote {
                let socket = Socket(descriptor: accepted, remoteAddress: remote.text)
                return .connection(Connection(accepted: socket, identity: identity, allowedRoles: allowedRoles))
            }
            switch errno {
            case EAGAIN: return .nobody
            // The peer gave up, or a signal came.
            case EINTR, ECONNABORTED, EPROTO, ENETDOWN, EHOSTDOWN, ENETUNREACH, EHOSTUNREACH, ETIMEDOUT: continue
            case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .noRoom(systemText(errno))
            case let number where !isClosed:
                throw TransportError.cannotListen(address: address, reason: systemText(number))
            default: break
            }
        }
        return .closed
    }

    /// Stops listening and wakes who waits for a connection.
    package func close() {
        closed.store(true, ordering: .releasing)
        shutdown(descriptor, Int32(SHUT_RDWR))
    }
}
