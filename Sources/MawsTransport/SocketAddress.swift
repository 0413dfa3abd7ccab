import Glibc
import MawsBase

/// One address of a host, as the system's resolver gives it.
struct SocketAddress {
    let family: Int32
    fileprivate let storage: [UInt8]

    /// All addresses of a host. Waits for the name service, which has its own timeouts.
    static func resolve(host: String, port: UInt16, toListen: Bool) throws -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV | (toListen ? AI_PASSIVE : 0)
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, String(port), &hints, &list)
        guard result == 0 else {
            throw TransportError.unknownHost(host: host, reason: String(cString: gai_strerror(result)))
        }
        defer { freeaddrinfo(list) }
        return sequence(first: list, next: { $0?.pointee.ai_next }).compactMap { $0 }.map { entry in
            let bytes = UnsafeRawBufferPointer(start: entry.pointee.ai_addr, count: Int(entry.pointee.ai_addrlen))
            return SocketAddress(family: entry.pointee.ai_family, storage: Array(bytes))
        }
    }

    /// The address in a descriptor that `accept` or `getsockname` filled.
    init?(_ fill: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32) {
        var storage = sockaddr_storage()
        var count = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { fill($0, &count) }
        }
        guard result >= 0 else { return nil }
        family = Int32(storage.ss_family)
        self.storage = withUnsafeBytes(of: &storage) { Array($0.prefix(Int(count))) }
    }

    private init(family: Int32, storage: [UInt8]) {
        self.family = family
        self.storage = storage
    }

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        storage.withUnsafeBytes {
            body($0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
    }

    var port: UInt16 {
        // Both families keep the port, big-endian, behind the two bytes of the family.
        UInt16(storage[2]) << 8 | UInt16(storage[3])
    }

    /// `127.0.0.1:7000`, `[::1]:7000`.
    var text: String { "\(NetworkAddress(host: host, port: port))" }

    /// `127.0.0.1`, `::1`; the IPv4 address of one that reached a socket of IPv6.
    var host: String {
        let mapped = "::ffff:"
        let host = numericHost
        return host.hasPrefix(mapped) && host.contains(".") ? String(host.dropFirst(mapped.count)) : host
    }

    private var numericHost: String {
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let result = withPointer {
            getnameinfo($0, $1, &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST)
        }
        guard result == 0 else { return "unknown address" }
        return String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
