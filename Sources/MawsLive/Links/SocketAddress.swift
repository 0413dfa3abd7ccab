import Glibc

/// An address of this machine's loopback, 127.x.y.z.
package struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
    package var host: String
    package var port: UInt16

    package init(host: String, port: UInt16) { (self.host, self.port) = (host, port) }

    package var description: String { "\(host):\(port)" }

    /// Listens there; port 0 lets the system choose. Gives the socket and where it listens.
    package func listen() throws -> (socket: Int32, address: SocketAddress) {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var isOn: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &isOn, socklen_t(MemoryLayout<Int32>.size))
        var name = sockaddr_in()
        let status = with { address, size -> Int32 in
            guard bind(socket, address, size) == 0, Glibc.listen(socket, 64) == 0 else { return -1 }
            var length = size
            return withUnsafeMutablePointer(to: &name) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
            }
        }
        guard status == 0 else {
            let reason = String(cString: strerror(errno))
            close(socket)
            throw LiveError.unusable("The rig cannot listen at \(self): \(reason).")
        }
        return (socket, SocketAddress(host: host, port: UInt16(bigEndian: name.sin_port)))
    }

    /// A connected socket, or nil.
    package func dial() -> Int32? {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return nil }
        guard with({ connect(socket, $0, $1) }) == 0 else {
            close(socket)
            return nil
        }
        return socket
    }

    /// A port that nobody listens at now.
    static func freePort(host: String) throws -> UInt16 {
        let (socket, address) = try SocketAddress(host: host, port: 0).listen()
        close(socket)
        return address.port
    }

    private func with<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr(host)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}
