import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// Drawn schedules of pushes, gathers, shared rows, commits, restores and losses: after every event the shard's
/// invariants hold (the harness checks them), and a version is never skipped or served twice.
struct ShardInvariantTests {
    @Test(arguments: 0..<24) func anyScheduleKeepsTheInvariants(seed: Int) {
        var random = CounterRandom(seed: UInt64(seed), purpose: .test, element: 0)
        var shard = ShardHarness(shard: ShardIdentity(index: seed % 2, count: 2))
        var (version, term, request, reader) = (UInt64(4), UInt64(1), UInt64(11), UInt64(0))
        shard.restore()
        for _ in 0..<400 {
            switch random.below(16) {
            case 0, 1, 2, 3:
                shard.push(
                    ShardHarness.push(
                        unit: UInt32(random.below(3)), level: UInt8(random.below(2)),
                        block: UInt32(1 + random.below(2)), step: version, term: term))
            case 4, 5, 6: if !shard.work.isEmpty { shard.finishWork(at: random.below(shard.work.count)) }
            case 7, 8:
                reader += 1
                shard.gather(reader, step: version + UInt64(random.below(3)) - 1, block: UInt32(random.below(3)))
            case 9: shard.step(.requestEnded(ShardRequest(UInt64(random.below(Int(reader) + 1)))))
            case 10: if shard.reports.last == StepIndex(version) { version = commit(&shard, version, term) }
            case 11:
                shard.now = shard.now + 0.3
                shard.step(.tick)
            case 12: if random.below(6) == 0 { term = startOver(&shard, term) }
            case 13: if random.below(10) == 0 { shard.step(.stateDamaged(ShardGeneration(request), damage: "x")) }
            case 14:
                guard random.below(6) == 0 else { continue }
                shard.finishWork()
                request += 1
                var wanted = ShardHarness.configuration(term: term)
                wanted.request = RequestNumber(request)
                shard.restore(wanted, step: version)
                shard.reports = []
            default: shard.step(.pushAnnounced(ShardHarness.push(unit: 0, step: version + 1, term: term)))
            }
        }
    }

    private func commit(_ shard: inout ShardHarness, _ version: UInt64, _ term: UInt64) -> UInt64 {
        let before = shard.applied
        shard.step(.committed(ShardHarness.commit(step: version, term: term)))
        shard.finishWork()
        return shard.applied > before ? version + 1 : version
    }

    /// Under a new term, without what came for the step.
    private func startOver(_ shard: inout ShardHarness, _ term: UInt64) -> UInt64 {
        shard.finishWork()
        shard.step(.configured(ShardHarness.configuration(keepsState: true, keepsStep: false, term: term + 1)))
        shard.reports = []
        return term + 1
    }

    @Test func aShardThatAppliesWhatIsNotReducedIsFound() {
        var shard = ShardHarness()
        shard.restore()
        #expect(shard.core.violations() == [])
        #expect(shard.core.reply == ShardHarness.reply())
        shard.pushAll()
        shard.step(.committed(ShardHarness.commit()))
        #expect(shard.core.isApplying && shard.core.violations() == [])
    }
}
