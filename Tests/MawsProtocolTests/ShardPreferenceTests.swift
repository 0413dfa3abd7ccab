import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// Leases of a step whose units read a data shard each: unit u shard u.
@Suite struct ShardPreferenceTests {
    private func run(units: Int = 4) -> CoordinatorHarness {
        let uses = (0..<units).map { [ShardUse(shard: $0, samples: 16)] }
        var run = CoordinatorHarness(stages: [training(phases: [units])], shardUses: { _ in uses })
        run.joinServers()
        return run
    }

    private func units(_ run: CoordinatorHarness, _ peers: PeerID...) -> [UInt32?] {
        peers.map { run.leases[$0]?.unit.value }
    }

    @Test func aTrainerGetsTheUnitWhoseShardItHolds() {
        var run = run()
        let first = run.joinTrainer(1, holding: [0, 0, 255])
        let second = run.joinTrainer(2, holding: [0, 10, 0, 200])
        #expect(units(run, first, second) == [2, 3])
        run.finish(second, holding: [0, 10, 0, 200])
        #expect(units(run, second) == [1])
    }

    @Test func whoHoldsNothingLeavesToOthersWhatTheyHoldButIsNeverIdle() {
        var run = run(units: 3)
        let holder = run.joinTrainer(1, holding: [255, 255])
        let empty = run.joinTrainer(2)
        #expect(units(run, holder, empty) == [0, 2])
        run.finish(empty)
        #expect(units(run, empty) == [1])
    }

    @Test func mostOfTheSamplesDecideAndTheLowestUnitAmongEquals() {
        let uses = [[(0, 4), (1, 12)], [(0, 12), (1, 4)], [(0, 12), (1, 4)]].map { unit in
            unit.map { ShardUse(shard: $0.0, samples: $0.1) }
        }
        var run = CoordinatorHarness(stages: [training(phases: [3])], shardUses: { _ in uses })
        run.joinServers()
        let first = run.joinTrainer(1, holding: [255, 100])
        #expect(units(run, first) == [1])
    }

    @Test func everyUnitIsLeasedOnceWhoeverHoldsWhat() {
        var run = run(units: 8)
        // More shards than there are, and fewer.
        let holdings: [[UInt8]] = [Array(repeating: 9, count: 40), [], [0, 255]]
        let peers = holdings.indices.map { run.joinTrainer(UInt64($0 + 1), holding: holdings[$0]) }
        var leased: [UInt32] = []
        while let peer = peers.first(where: { run.leases[$0] != nil }) {
            leased.append(run.leases[peer]?.unit.value ?? 99)
            run.finish(peer, holding: holdings[peers.firstIndex(of: peer) ?? 0])
        }
        #expect(leased.sorted() == Array(0..<8))
    }

    @Test func theNextStepHasShardsOfItsOwn() {
        var run = CoordinatorHarness(
            stages: [training(phases: [2])],
            shardUses: { position in
                (0..<2).map { [ShardUse(shard: $0 == Int(position.step.value) ? 0 : 1, samples: 8)] }
            })
        run.joinServers()
        let trainer = run.joinTrainer(1, holding: [255])
        #expect(units(run, trainer) == [0])
        for _ in 0..<2 { run.finish(trainer, holding: [255]) }
        run.reduceAll(step: 0)
        #expect(run.leases[trainer]?.step == StepIndex(1) && units(run, trainer) == [1])
    }
}
