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
        #expect(throws: Outbox.Dropped.self) {
            try peer.outbox.write(.heartbeat, slice: .init(start: nil, count: 0)) { false }
        }
        server.close()
    }

    @Test func aSliceThatIsVoidIsNotSent() throws {
        let lines = try TestLines()
        let (peer, server) = try lines.line()
        #expect(throws: Outbox.Dropped.self) {
            try peer.outbox.write(.heartbeat, slice: .init(start: nil, count: 0)) { true }
        }
        peer.outbox.put(.heartbeat)
        #expect(try received(server) == .heartbeat)
        peer.end()
        #expect(throws: Outbox.Dropped.self) {
            try peer.outbox.write(.heartbeat, slice: .init(start: nil, count: 0)) { false }
        }
        server.close()
    }
}
