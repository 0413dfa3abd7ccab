import Foundation
import Glibc
import MawsBase
import Synchronization
import Testing

/// Stands between a server and its coordinator. The server's first connection, for orders, passes; to the others it
/// does what a network does, one fault after the other, each as soon as so many bytes have passed on a connection.
final class FaultyProxy: Sendable {
    enum Direction: Hashable {
        case toServer, toCoordinator
    }

    enum Fault: Hashable {
        case cut(Direction, afterBytes: Int)
        /// Nothing passes any more that way, and no end is told.
        case stall(Direction, afterBytes: Int)
        /// From then on so many bytes pass in a second, and no more, until so many have.
        case slow(Direction, afterBytes: Int, bytesPerSecond: Int, untilBytes: Int)

        var place: (direction: Direction, afterBytes: Int) {
            switch self {
            case .cut(let direction, let bytes), .stall(let direction, let bytes),
                .slow(let direction, let bytes, _, _):
                (direction, bytes)
            }
        }
    }

    let port: UInt16
    private let listener: Int32
    private let target: UInt16
    private let faults: Mutex<[Fault]>

    /// - Parameter target: the coordinator's port on this machine.
    init(target: UInt16, _ faults: [Fault]) throws {
        self.target = target
        self.faults = Mutex(faults)
        let listener = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.address(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) + listen(listener, 16) + getsockname(listener, $0, &size)
            }
        }
        try #require(status == 0)
        (self.listener, port) = (listener, UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [self] in accept() }
    }

    /// Faults that have not happened yet.
    var left: Int { faults.withLock { $0.count } }

    func close() {
        shutdown(listener, Int32(SHUT_RDWR))
        Glibc.close(listener)
    }

    private static func address(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return address
    }

    private func accept() {
        var isFirst = true
        while true {
            let server = Glibc.accept(listener, nil, nil)
            guard server >= 0 else { return }
            let coordinator = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = Self.address(target)
            let status = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(coordinator, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            let isFaulty = !isFirst
            isFirst = false
            let ends = [server, coordinator]
            guard status == 0 else { ends.forEach { _ = Glibc.close($0) }; continue }
            Thread.detachNewThread { [self] in pass(.toServer, coordinator, server, isFaulty) }
            Thread.detachNewThread { [self] in pass(.toCoordinator, server, coordinator, isFaulty) }
        }
    }

    private func pass(_ direction: Direction, _ source: Int32, _ sink: Int32, _ isFaulty: Bool) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        var passed = 0
        var (bytesPerSecond, slowUntil) = (Int.max, 0)
        while true {
            let count = read(source, &buffer, buffer.count)
            guard count > 0 else { break }
            passed += count
            switch isFaulty ? fault(direction, passed) : nil {
            case .cut?: return end(source, sink)
            case .stall?:
                // The end of either side is still noticed.
                while read(source, &buffer, buffer.count) > 0 {}
                return end(source, sink)
            case .slow(_, _, let limit, let last)?: (bytesPerSecond, slowUntil) = (limit, last)
            case nil: break
            }
            if passed < slowUntil { usleep(useconds_t(1_000_000 * count / bytesPerSecond)) }
            guard send(sink, buffer, count, Int32(MSG_NOSIGNAL)) == count else { break }
        }
        end(source, sink)
    }

    private func fault(_ direction: Direction, _ passed: Int) -> Fault? {
        faults.withLock { faults in
            guard let place = faults.first?.place, place.direction == direction, passed > place.afterBytes else {
                return nil
            }
            return faults.removeFirst()
        }
    }

    /// Descriptors stay this process's until it ends, so that no thread reads what another one opened.
    private func end(_ source: Int32, _ sink: Int32) {
        shutdown(source, Int32(SHUT_RDWR))
        shutdown(sink, Int32(SHUT_RDWR))
    }
}
