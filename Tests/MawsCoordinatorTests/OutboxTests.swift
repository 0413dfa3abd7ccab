import Foundation
import MawsBase
import MawsCoordinator
import MawsTransport
import MawsWire
import Testing

/// What is on its way to a peer: in order, bounded, and nobody waits for a peer that does not read.
struct OutboxTests {
    private func received(_ connection: Connection) throws -> Message {
        let message = try connection.receive(timeoutSeconds: 60).message
        try connection.discardPayload()
        return message
    }

    @Test func ordersArriveInTheirOrder() throws {
        let lines = try TestLines()
        let (peer, server) = try lines.line()
        for index in 0..<20 { peer.outbox.put(.refused(reason: "\(index)", mayTryAgain: false)) }
        for index in 0..<20 { #expect(try received(server) == .refused(reason: "\(index)", mayTryAgain: false)) }
        peer.outbox.wait(until: .now() + 60)
        peer.end()
    }

    /// More than the system takes for a peer that does not read: what is put from now on waits.
    private func hold(_ peer: Peer) throws {
        peer.outbox.put(large)
        let deadline = Moment.now() + 120
        while peer.socket.bytesSent == 0 { try #require(Moment.now() < deadline) }
    }

    private let large = Message.status([UInt8](repeating: 7, count: 32 << 20))

    @Test func theNewestOfTheAnswersThatReplaceEachOtherComesBehindTheOrders() throws {
        let lines = try TestLines()
        let (peer, server) = try lines.line()
        try hold(peer)
        for answer: UInt8 in 1...3 { peer.outbox.replace(.status([answer])) }
        peer.outbox.put(.heartbeat)
        #expect(try (0..<3).map { _ in try received(server) } == [large, .heartbeat, .status([3])])
        peer.outbox.replace(.status([4]))
        #expect(try received(server) == .status([4]))
        peer.end()
    }

    /// Anything else says as much.
    @Test func aBeatIsSentWhereNothingElseIs() throws {
        let lines = try TestLines()
        let (peer, server) = try lines.line()
        try hold(peer)
        peer.outbox.beat()
        peer.outbox.put(.statusRequest)
        peer.outbox.beat()
        #expect(try (0..<2).map { _ in try received(server) } == [large, .statusRequest])
        peer.outbox.wait(until: .now() + 120)
        peer.outbox.beat()
        #expect(try received(server) == .heartbeat)
        peer.end()
        peer.outbox.beat()
        #expect(throws: TransportError.self) { try received(server) }
    }

    /// As many bytes as its share wait for it, and not one message more.
    @Test func whatWaitsForAPeerIsBounded() throws {
        let lines = try TestLines()
        let (peer, server) = try lines.line()
        try hold(peer)
        let kilobyte = try filling(1024)
        for _ in 0..<4 { peer.outbox.put(kilobyte) }
        #expect(peer.outbox.failure == nil && !peer.outbox.isFinishing)
        peer.outbox.put(.heartbeat)
        #expect(peer.outbox.failure == "it does not read what it is sent: 4096 bytes wait for it")
        #expect(peer.outbox.isFinishing)
        peer.outbox.wait(until: .now() + 120)
        awaitEnd(server)
    }

    /// A message whose frame has so many bytes.
    private func filling(_ bytes: Int) throws -> Message {
        let head = try Connection.frame(.status([])).count
        return .status([UInt8](repeating: 1, count: bytes - head))
    }

    @Test func whatMayStillBeSaidIsSaidBeforeTheLastWordsAndAnswersAreNot() throws {
        let lines = try TestLines()
        let (peer, server) = try lines.line()
        try hold(peer)
        peer.outbox.put(.statusRequest)
        peer.outbox.replace(.status([1]))
        peer.dismiss("first")
        peer.dismiss("second")
        peer.outbox.replace(.status([2]))
        peer.outbox.put(.heartbeat)
        let last = Message.refused(reason: "first", mayTryAgain: false)
        #expect(try (0..<3).map { _ in try received(server) } == [large, .statusRequest, last])
        #expect(throws: TransportError.self) { try received(server) }
        server.close()
    }

    /// Who was told why, and stays, is not kept.
    @Test func aPeerThatDoesNotLeaveIsLeft() throws {
        let lines = try TestLines()
        let (peer, server) = try lines.line()
        peer.dismiss("the run is over")
        awaitEnd(peer.socket)
        #expect(peer.outbox.failure == nil)
        #expect(try received(server) == .refused(reason: "the run is over", mayTryAgain: false))
        server.close()
    }

    /// A deadline that passes, and an end, end a wait for a peer that does not read.
    @Test func nobodyWaitsForAPeerWithoutEnd() throws {
        let lines = try TestLines()
        let (peer, server) = try lines.line()
        try hold(peer)
        peer.outbox.wait(until: .now() + 0.01)
        #expect(!peer.outbox.isFinishing)
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            peer.outbox.wait(until: .now() + 3000)
            done.signal()
        }
        peer.end()
        #expect(done.wait(timeout: .now() + 300) == .success)
        server.close()
    }

    @Test func aPeerThatIsGoneIsKnownByWhatTheSystemSays() throws {
        let lines = try TestLines()
        let (peer, server) = try lines.line()
        server.close()
        let deadline = Moment.now() + 120
        while peer.outbox.failure == nil && Moment.now() < deadline {
            peer.outbox.put(.heartbeat)
            peer.outbox.wait(until: deadline)
        }
        #expect(peer.outbox.failure?.contains("server at 127.0.0.1:") == true, "\(peer.outbox.failure ?? "nothing")")
        #expect(peer.outbox.isFinishing)
    }

    /// A peer that lets more than its share gather does not read: it is ended, and said.
    @Test func aPeerThatDoesNotReadIsEnded() throws {
        let lines = try TestLines()
        let (peer, server) = try lines.line()
        let long = String(repeating: "x", count: 3000)
        let deadline = Moment.now() + 60
        while peer.outbox.failure == nil && Moment.now() < deadline {
            peer.outbox.put(.refused(reason: long, mayTryAgain: false))
        }
        #expect(peer.outbox.failure?.contains("it does not read what it is sent") == true)
        #expect(peer.outbox.isFinishing)
        server.close()
    }

    @Test func theLastWordsComeAfterAllThatIsOnItsWayAndNothingAfterThem() throws {
        let lines = try TestLines()
        let (peer, server) = try lines.line()
        peer.outbox.put(.heartbeat)
        peer.dismiss("the run is over")
        peer.outbox.put(.heartbeat)
        #expect(try received(server) == .heartbeat)
        #expect(try received(server) == .refused(reason: "the run is over", mayTryAgain: false))
        #expect(throws: TransportError.self) { try received(server) }
        server.close()
    }
}
