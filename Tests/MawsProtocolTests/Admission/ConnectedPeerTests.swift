import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// What a newcomer is called, and whose place it takes.
struct ConnectedPeerTests {
    private func peer(
        _ id: UInt64, _ role: Role = .trainer, _ name: String = "trainer-0", origin: UInt64 = 0, shard: Int? = nil,
        silent: Double = 0
    ) -> ConnectedPeer {
        ConnectedPeer(
            id: PeerID(id), role: role, name: name, origin: origin,
            shard: shard.map { ShardIdentity(index: $0, count: 2) }, silentSeconds: silent)
    }

    @Test func aNameThatIsTakenGetsTheFirstFreeNumber() {
        #expect(peer(1).name(among: []) == "trainer-0")
        #expect(peer(2).name(among: [peer(1)]) == "trainer-0-2")
        #expect(peer(3).name(among: [peer(1), peer(2, .trainer, "trainer-0-2")]) == "trainer-0-3")
        #expect(peer(4).name(among: [peer(3, .trainer, "trainer-0-3")]) == "trainer-0")
        #expect(peer(5, .server, "trainer-0", shard: 0).name(among: [peer(1)]) == "trainer-0-2")
    }

    @Test func aProcessThatComesBackKeepsItsName() {
        #expect(peer(2, origin: 7).name(among: [peer(1, origin: 7)]) == "trainer-0")
        #expect(peer(2, origin: 7).name(among: [peer(1, origin: 8)]) == "trainer-0-2")
        // A process that gives no origin may be any.
        #expect(peer(2, origin: 0).name(among: [peer(1, origin: 0)]) == "trainer-0-2")
    }

    @Test func anotherProcessOfAShardIsTheSameServer() {
        #expect(peer(2, .server, "s", shard: 1).name(among: [peer(1, .server, "s", shard: 1)]) == "s")
        #expect(peer(2, .server, "s", shard: 1).name(among: [peer(1, .server, "s", shard: 0)]) == "s-2")
    }

    @Test func viewersMayBeCalledAsTheyLike() {
        #expect(peer(2, .viewer, "viewer").name(among: [peer(1, .viewer, "viewer")]) == "viewer")
        #expect(peer(2, .trainer, "viewer").name(among: [peer(1, .viewer, "viewer")]) == "viewer")
    }

    @Test func theNewerConnectionOfAProcessCounts() {
        let run = CoordinatorHarness(stages: [training()])
        let older = [peer(1, origin: 7), peer(2, origin: 7), peer(3, origin: 8), peer(4, .viewer, origin: 7)]
        let replaced = run.core.replaced(by: peer(9, origin: 7), nil, among: older + [peer(9, origin: 7)])
        #expect(replaced == [PeerID(1): .cameBack, PeerID(2): .cameBack])
        #expect(run.core.replaced(by: peer(9), nil, among: [peer(1), peer(2)]) == [:])
    }

    /// A silent holder makes room for who brings the shard's state, and for nobody else.
    @Test func aSilentServerMakesRoomForTheShardsState() {
        var run = CoordinatorHarness(stages: [training()])
        run.joinServers()
        let newcomer = peer(9, .server, "server-0", origin: 5, shard: 0)
        var hello = run.emptyHello(0)
        func replaced(silent: Double, shard: Int = 0) -> [PeerID: ReplacementReason] {
            let holders = [
                peer(100, .server, "server-0", origin: 1, shard: 0, silent: silent),
                peer(101, .server, "server-1", origin: 2, shard: 1, silent: silent),
            ]
            return run.core.replaced(by: newcomer, hello, among: holders + [newcomer])
        }
        #expect(replaced(silent: 9) == [:])
        (hello.runID, hello.stage, hello.step) = ("run", StageIndex(0), StepIndex(0))
        #expect(replaced(silent: 9) == [PeerID(100): .silent(seconds: 9)])
        #expect(replaced(silent: 2.9) == [:])
        hello.shard = ShardIdentity(index: 0, count: 3)
        #expect(replaced(silent: 9) == [:])
    }
}
