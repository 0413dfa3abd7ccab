import Foundation
import Glibc
import MawsLive
import Testing

/// A listener that keeps what a connection brings, behind a proxy.
@Suite struct LinkProxyTests {
    private let near: Int32
    private let far: Int32
    private let listener: Int32
    private let proxy: LinkProxy

    init() throws {
        let (listener, address) = try SocketAddress(host: "127.0.0.1", port: 0).listen()
        proxy = try LinkProxy(at: SocketAddress(host: "127.0.3.1", port: 0), to: address)
        near = try #require(proxy.address.dial())
        far = Glibc.accept(listener, nil, nil)
        self.listener = listener
        // Once something has passed the proxy knows the connection.
        send("first")
        #expect(receive(far) == "first")
    }

    private func send(_ text: String) { _ = Glibc.send(near, text, text.utf8.count, Int32(MSG_NOSIGNAL)) }

    /// What arrives first; empty where the connection ended; nil where nothing comes for so long.
    private func receive(_ socket: Int32, milliseconds: Int32 = 20_000) -> String? {
        var waiting = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, milliseconds) == 1 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 100)
        return String(decoding: bytes[..<max(0, recv(socket, &bytes, 100, 0))], as: UTF8.self)
    }

    @Test func aPartitionHoldsWhatIsSentUntilItIsOver() {
        proxy.set { $0.isForwardBlocked = true }
        send("late")
        #expect(receive(far, milliseconds: 200) == nil)
        proxy.set { $0 = .whole }
        #expect(receive(far) == "late")
        proxy.close()
    }

    @Test func aHalfOpenConnectionSwallowsForGoodAndANewOneIsWhole() throws {
        proxy.silence()
        send("lost")
        #expect(receive(far, milliseconds: 200) == nil)
        let another = try #require(proxy.address.dial())
        let arrived = Glibc.accept(listener, nil, nil)
        _ = Glibc.send(another, "whole", 5, Int32(MSG_NOSIGNAL))
        #expect(receive(arrived) == "whole")
        #expect(receive(far, milliseconds: 50) == nil)
        proxy.close()
    }

    @Test func oneBitOfTheNextPieceIsChangedAndNoMore() {
        proxy.set { $0.corruptsNext = true }
        send("aaaa")
        #expect(receive(far) == "aa`a")
        send("aaaa")
        #expect(receive(far) == "aaaa")
        #expect(proxy.bytesForward == 5 + 8)
        proxy.close()
    }

    @Test func aCutEndsBothSides() {
        proxy.cut()
        #expect(receive(far) == "")
        #expect(receive(near) == "")
        proxy.close()
    }
}
