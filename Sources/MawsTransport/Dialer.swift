import Glibc
import MawsBase

/// Opens TCP connections.
enum Dialer {
    /// Tries every address of the host in turn.
    static func connect(host: String, port: UInt16, until deadline: Moment, seconds: Double) throws -> Socket {
        let address = "\(NetworkAddress(host: host, port: port))"
        var lastError: any Error = TransportError.unknownHost(host: host, reason: "it has no address")
        for candidate in try SocketAddress.resolve(host: host, port: port, toListen: false) {
            let descriptor = socket(candidate.family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard descriptor >= 0 else {
                // A system without IPv6 may still reach the host's next address.
                lastError = TransportError.unreachable(address: address, reason: systemText(errno))
                continue
            }
            let opened = Socket(descriptor: descriptor, remoteAddress: address)
            switch connect(opened, to: candidate, until: deadline) {
            case 0: return opened
            case ECONNREFUSED: lastError = TransportError.connectionRefused(address: address)
            case ETIMEDOUT:
                lastError = TransportError.timedOut(peer: address, waitingFor: "a connection", seconds: seconds)
            case let number: lastError = TransportError.unreachable(address: address, reason: systemText(number))
            }
        }
        throw lastError
    }

    /// 0, or the error number.
    private static func connect(_ socket: Socket, to address: SocketAddress, until deadline: Moment) -> Int32 {
        let result = address.withPointer { Glibc.connect(socket.descriptor, $0, $1) }
        if result == 0 { return 0 }
        guard errno == EINPROGRESS || errno == EINTR else { return errno }
        guard socket.wait(.writable, until: deadline) else { return ETIMEDOUT }
        var status: Int32 = 0
        var count = socklen_t(4)
        getsockopt(socket.descriptor, SOL_SOCKET, SO_ERROR, &status, &count)
        return status
    }
}
