import MawsBase
import MawsProtocol
import MawsWire
import Testing

@Suite struct ReceiptSealTests {
    private let ring = AuthenticationCode(bytes: Array(repeating: 3, count: 32))
    private let own = AuthenticationCode(bytes: Array(repeating: 4, count: 32))
    private let flush = Flush(term: Term(2), stage: StageIndex(0), step: StepIndex(5), unit: UnitIndex(8), level: 2)

    private func receipt(_ shard: Int, own: AuthenticationCode = .none, of flush: Flush? = nil) -> AuthenticationCode {
        ReceiptSeal(keys: ServerKeys(lease: .none, ring: ring, own: own), shard: shard).receipt(flush ?? self.flush)
    }

    private func joined(_ receipts: [AuthenticationCode]) -> AuthenticationCode {
        receipts.reduce(.none) { $0.joined(with: $1) }
    }

    @Test(arguments: [1, 2, 5]) func allReceiptsAreCheckedByTwoCodes(_ count: Int) {
        let all = ReceiptSeal.all(flush, ring: ring, shardCount: count, own: [:])
        #expect(joined((0..<count).map { receipt($0) }) == all)
        for missing in 0..<count {
            let rest = (0..<count).filter { $0 != missing }
            #expect(joined(rest.map { receipt($0) }) != all, "without shard \(missing)")
            for other in rest { #expect(joined((rest + [other]).map { receipt($0) }) != all) }
        }
        var another = flush
        another.unit = UnitIndex(4)
        #expect(joined((0..<count).map { receipt($0, of: another) }) != all)
    }

    @Test func aReceiptOfBeforeTheStateWasLostCountsNoMore() {
        let all = ReceiptSeal.all(flush, ring: ring, shardCount: 3, own: [1: own])
        #expect(joined([receipt(0), receipt(1, own: own), receipt(2)]) == all)
        #expect(joined([receipt(0), receipt(1), receipt(2)]) != all)
        #expect(joined([receipt(0, own: own), receipt(1), receipt(2)]) != all)
    }

    /// A server that comes back in the same term is given a key of its own; in another term nobody has one.
    @Test func aServerThatComesBackIsGivenAKeyOfItsOwn() throws {
        var run = CoordinatorHarness(stages: [training()])
        run.joinServers()
        #expect(run.core.keys(of: run.server(0))?.own == AuthenticationCode.none)
        let trainer = run.joinTrainer(1)
        let early = try run.receipt(#require(run.leases[trainer]))
        run.step(.peerLost(run.server(1), .line("closed")))
        run.joinServer(1, peer: 201)
        run.restored(PeerID(201), run.core.committed)
        let keys = try #require(run.core.keys(of: PeerID(201)))
        #expect(keys.own != .none)
        #expect(keys.ring == run.core.keys(of: run.server(0))?.ring)
        #expect(try run.receipt(#require(run.leases[trainer])) != early)
    }
}
