import Glibc
import MawsBase

/// A connected, non-blocking TCP socket.
final class Socket: @unchecked Sendable {
    let descriptor: Int32
    /// `host:port` of the other side.
    let remoteAddress: String

    enum Readiness {
        case readable
        case writable
    }

    /// Takes over a connected socket. Buffer sizes are left to the kernel, whose own tuning goes further than
    /// what a process may ask for.
    init(descriptor: Int32, remoteAddress: String) {
        self.descriptor = descriptor
        self.remoteAddress = remoteAddress
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        set(TCP_NODELAY, 1)
        setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, [Int32(1)], 4)
        set(TCP_KEEPIDLE, 15)
        set(TCP_KEEPINTVL, 5)
        set(TCP_KEEPCNT, 3)
    }

    /// The descriptor lives as long as any thread can still use it, so that its number cannot be reused under one.
    deinit { close(descriptor) }

    /// Address of this side, as the other side's network sees it unless addresses are translated on the way.
    var localHost: String {
        SocketAddress { getsockname(descriptor, $0, $1) }?.host ?? ""
    }

    private func set(_ option: Int32, _ value: Int32) {
        setsockopt(descriptor, Int32(IPPROTO_TCP), option, [value], 4)
    }

    /// Waits until the socket is ready, failed or shut down; false when the deadline passes first.
    func wait(_ readiness: Readiness, until deadline: Moment) -> Bool {
        var entry = pollfd(
            fd: descriptor, events: Int16(readiness == .readable ? POLLIN : POLLOUT), revents: 0)
        return poll(&entry, until: deadline)
    }

    /// Sends everything; returns nil, or the error number of what failed (`ETIMEDOUT` when the peer takes nothing for
    /// `stallSeconds`).
    func sendAll(_ bytes: UnsafeRawBufferPointer, stallSeconds: Double) -> Int32? {
        var rest = bytes
        while !rest.isEmpty {
            let sent = send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            if sent >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[sent...])
            } else if errno == EAGAIN {
                guard wait(.writable, until: Moment.now() + stallSeconds) else { return ETIMEDOUT }
            } else if errno != EINTR {
                return errno
            }
        }
        return nil
    }

    /// Nothing more will be sent; what the peer sends can still be read.
    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Ends both directions and wakes every thread that waits.
    func end() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Reads and drops what the peer still sends until it closes: closing over unread bytes would make the kernel cut
    /// the connection and could take away what was just sent.
    func drain(until deadline: Moment) {
        while wait(.readable, until: deadline) {
            if !drainNow() || Moment.now() >= deadline { return }
        }
    }

    /// Reads and drops what is there, as far as a peer that sends without end lets it; false when the peer is gone.
    func drainNow() -> Bool {
        var scratch = [UInt8](repeating: 0, count: 16 << 10)
        for _ in 0..<64 {
            let count = read(descriptor, &scratch, scratch.count)
            if count > 0 { continue }
            return count < 0 && (errno == EAGAIN || errno == EINTR)
        }
        return true
    }
}

/// Waits for one descriptor; false when the deadline passes first.
func poll(_ entry: inout pollfd, until deadline: Moment) -> Bool {
    while true {
        let now = Moment.now()
        let milliseconds = (deadline.seconds(since: now) * 1000).rounded(.up)
        let ready = Glibc.poll(&entry, 1, Int32(min(milliseconds, 3_600_000)))
        if ready > 0 { return true }
        if ready < 0 && errno != EINTR { return true }
        if now >= deadline { return false }
    }
}
