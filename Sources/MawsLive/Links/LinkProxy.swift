import Foundation
import Glibc
import Synchronization

/// Stands on one link between processes: takes every connection to its address, dials where it leads to, and passes
/// bytes on both ways by its rule. What passes is TLS, of which it understands nothing.
package final class LinkProxy: Sendable {
    package let address: SocketAddress
    private let target: SocketAddress
    private let listener: Int32
    private let rule = Mutex(LinkRule.whole)
    private let connections = Mutex<[ObjectIdentifier: ProxyConnection]>([:])
    private let forwardBytes = Atomic<Int>(0)

    package init(at address: SocketAddress, to target: SocketAddress) throws {
        (listener, self.address) = try address.listen()
        self.target = target
        Thread.detachNewThread { [self] in accept() }
    }

    /// Bytes that passed towards who was dialed.
    package var bytesForward: Int { forwardBytes.load(ordering: .relaxed) }

    package func set(_ change: @Sendable (inout LinkRule) -> Void) { rule.withLock { change(&$0) } }

    /// Ends the connections that are there.
    package func cut() { for connection in connections.withLock({ Array($0.values) }) { connection.end() } }

    /// From now on the connections that are there swallow all.
    package func silence() { for connection in connections.withLock({ Array($0.values) }) { connection.silence() } }

    package func close() {
        shutdown(listener, Int32(SHUT_RDWR))
        Glibc.close(listener)
        set { $0 = .whole }
        cut()
    }

    private func accept() {
        while true {
            let near = Glibc.accept(listener, nil, nil)
            guard near >= 0 else { return }
            _ = fcntl(near, F_SETFD, FD_CLOEXEC)
            guard let far = target.dial() else {
                Glibc.close(near)
                continue
            }
            let connection = ProxyConnection(near: near, far: far)
            connections.withLock { $0[ObjectIdentifier(connection)] = connection }
            Thread.detachNewThread { [self] in pass(connection, isForward: true) }
            Thread.detachNewThread { [self] in pass(connection, isForward: false) }
        }
    }

    private func pass(_ connection: ProxyConnection, isForward: Bool) {
        let (source, sink) = isForward ? (connection.near, connection.far) : (connection.far, connection.near)
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = recv(source, &buffer, buffer.count, 0)
            guard count > 0, wait(connection, count, isForward) else { break }
            if connection.isSilent { continue }
            if isForward { forwardBytes.add(count, ordering: .relaxed) }
            corrupt(&buffer, count)
            guard sendAll(sink, buffer, count) else { break }
        }
        connection.end()
        guard connection.leave() else { return }
        connections.withLock { $0[ObjectIdentifier(connection)] = nil }
    }

    /// As long as the rule says; false when the connection ended meanwhile.
    private func wait(_ connection: ProxyConnection, _ count: Int, _ isForward: Bool) -> Bool {
        let first = rule.withLock { $0 }
        if first.delaySeconds > 0 { Thread.sleep(forTimeInterval: first.delaySeconds) }
        if let rate = first.bytesPerSecond { Thread.sleep(forTimeInterval: Double(count) / rate) }
        while rule.withLock({ isForward ? $0.isForwardBlocked : $0.isBackwardBlocked }) {
            guard !connection.hasEnded else { return false }
            usleep(2000)
        }
        return !connection.hasEnded
    }

    private func corrupt(_ buffer: inout [UInt8], _ count: Int) {
        let isDue = rule.withLock { rule in
            defer { rule.corruptsNext = false }
            return rule.corruptsNext
        }
        if isDue { buffer[count / 2] ^= 1 }
    }

    private func sendAll(_ sink: Int32, _ buffer: [UInt8], _ count: Int) -> Bool {
        var sent = 0
        while sent < count {
            let part = buffer.withUnsafeBytes {
                send(sink, $0.baseAddress! + sent, count - sent, Int32(MSG_NOSIGNAL))
            }
            guard part > 0 else { return false }
            sent += part
        }
        return true
    }
}

/// One connection through a proxy: two sockets and a thread for each direction.
private final class ProxyConnection: Sendable {
    let near: Int32
    let far: Int32
    private let state = Mutex((hasEnded: false, isSilent: false, threads: 2))

    init(near: Int32, far: Int32) { (self.near, self.far) = (near, far) }

    var hasEnded: Bool { state.withLock { $0.hasEnded } }
    var isSilent: Bool { state.withLock { $0.isSilent } }

    func silence() { state.withLock { $0.isSilent = true } }

    func end() {
        state.withLock { state in
            guard !state.hasEnded else { return }
            state.hasEnded = true
            shutdown(near, Int32(SHUT_RDWR))
            shutdown(far, Int32(SHUT_RDWR))
        }
    }

    /// A direction is done; true of the second one, with which the sockets are closed.
    func leave() -> Bool {
        let isLast = state.withLock { state in
            state.threads -= 1
            return state.threads == 0
        }
        guard isLast else { return false }
        close(near)
        close(far)
        return true
    }
}
