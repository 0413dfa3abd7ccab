import MawsBase
import MawsCoordinator
import MawsProtocol
import MawsTransport
import MawsWire
import Testing

/// A restore goes to the server that asks for it, on the connection on which it asks, as often as it has another one.
struct BulkRestoreTests {
    private let reply = Reply(term: Term(2), request: RequestNumber(5))
    private let world = FakeWorld()
    private let mailbox = Mailbox<NodeEvent>()

    private func line() -> FakeLine { FakeLine(.server, certificate: "server", address: "10.0.0.1:5000") }

    private func peer(_ run: RunFixture) -> Peer {
        let line = line()
        let peer = Peer(
            id: PeerID(1), role: .server, name: "server-0", origin: 7, shard: ShardIdentity(index: 0, count: 1),
            listens: nil, connection: line, outbox: line)
        peer.bulk.open(.heartbeat, .now())
        return peer
    }

    private func restorer(_ run: RunFixture, _ peer: Peer) throws -> ShardRestorer {
        try run.writeCheckpoint(0, 2)
        return ShardRestorer(
            checkpoints: run.checkpoints(), position: run.position(0, 2), reply: reply,
            shard: ShardIdentity(index: 0, count: 1), peer: peer, mailbox: mailbox, world: world.world)
    }

    private func sent(_ bulk: FakeLine) -> [MessageKind] {
        bulk.take().map(\.message.kind).filter { $0 != .heartbeat }
    }

    @Test func itIsSentOnceOnEachConnection() throws {
        let run = try RunFixture()
        let peer = peer(run)
        let restorer = try restorer(run, peer)
        // Nobody asked, or not for this one, or on no connection.
        restorer.asked(reply)
        let first = line()
        let place = BulkLine(first, first)
        #expect(peer.bulk.take(place) == nil)
        restorer.asked(Reply(term: Term(2), request: RequestNumber(4)))
        restorer.asked(Reply(term: Term(1), request: RequestNumber(5)))
        #expect(!world.doWork() && sent(first).isEmpty)
        restorer.asked(reply)
        restorer.asked(reply)
        while world.doWork() {}
        let slices = sent(first)
        let parts = run.catalog[StageIndex(0)].table.blocks.reduce(0) { $0 + $1.parts.count }
        #expect(slices == Array(repeating: .restore, count: parts) + [.restoreDone])
        peer.bulk.leave(place)
        let second = line()
        #expect(peer.bulk.take(BulkLine(second, second)) == nil)
        restorer.asked(reply)
        while world.doWork() {}
        #expect(sent(second) == slices && sent(first).isEmpty)
    }

    /// A connection that ends under a restore is said and left, so that its server opens another.
    @Test func aConnectionThatEndsIsSaidAndNothingElseIsLost() throws {
        let run = try RunFixture()
        let peer = peer(run)
        let restorer = try restorer(run, peer)
        let bulk = line()
        #expect(peer.bulk.take(BulkLine(bulk, bulk)) == nil)
        bulk.end()
        restorer.asked(reply)
        while world.doWork() {}
        guard case .remark(let sentence, _)? = mailbox.take(waitingSeconds: 0).first else {
            return #expect(Bool(false), "nobody is told")
        }
        #expect(sentence.contains("server-0") && sentence.contains("was not restored: "), "\(sentence)")
        #expect(mailbox.take(waitingSeconds: 0).isEmpty)
    }

    @Test func nothingIsSentOfARestoreThatWasGivenUp() throws {
        let run = try RunFixture()
        let peer = peer(run)
        let restorer = try restorer(run, peer)
        let bulk = line()
        #expect(peer.bulk.take(BulkLine(bulk, bulk)) == nil)
        restorer.asked(reply)
        restorer.cancel()
        while world.doWork() {}
        #expect(sent(bulk).isEmpty && mailbox.take(waitingSeconds: 0).isEmpty)
    }
}
