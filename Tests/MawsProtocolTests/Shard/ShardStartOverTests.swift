import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// A step that starts over under a new term, as a sample of it is excluded.
struct ShardStartOverTests {
    private let again = ShardHarness.configuration(keepsState: true, keepsStep: false, term: 2)

    private func push(_ units: Range<UInt32>, to shard: inout ShardHarness, term: UInt64 = 1) {
        for unit in units {
            for block in [UInt32(1), 2] { shard.push(ShardHarness.push(unit: unit, block: block, term: term)) }
        }
    }

    @Test func unitsOfBeforeCountNoMoreAndAllAreNeededAgain() {
        var shard = ShardHarness()
        shard.restore()
        push(0..<2, to: &shard)
        shard.finishWork()
        shard.step(.configured(again))
        #expect(
            shard.sent.last == .restored(ShardHarness.reply(term: 2), stage: ShardHarness.stage, step: StepIndex(4)))
        push(2..<3, to: &shard, term: 2)
        shard.finishWork()
        #expect(shard.reports.isEmpty)
        shard.pushAll(term: 2)
        #expect(shard.reports == [StepIndex(4)])
    }

    @Test func pushesOfTheOldTermAreLostAlsoThoseOnTheirWay() {
        var shard = ShardHarness()
        shard.restore()
        let push = ShardHarness.push(unit: 0)
        guard case .receive(let generation)? = shard.step(.pushAnnounced(push)).locked.first else {
            Issue.record("a push of the present step was not taken")
            return
        }
        shard.step(.configured(again))
        for actions in [shard.step(.pushReceived(push, generation)), shard.step(.pushAnnounced(push))] {
            guard case .lose? = actions.locked.first else {
                Issue.record("\(actions)")
                continue
            }
        }
    }

    @Test func workUnderWayOnTheOldStepChangesNothing() {
        var shard = ShardHarness()
        shard.restore()
        push(0..<3, to: &shard)
        shard.step(.configured(again))
        shard.finishWork()
        #expect(shard.reports.isEmpty)
        shard.pushAll(term: 2)
        #expect(shard.reports == [StepIndex(4)])
    }

    @Test func aReducedStepIsReducedAgain() {
        var shard = ShardHarness()
        shard.restore()
        shard.pushAll()
        #expect(shard.reports == [StepIndex(4)])
        shard.step(.configured(again))
        #expect(shard.core.hello(host: "h", port: 1).hasReduced == false)
        shard.gather(1, step: 4)
        #expect(shard.served[ShardRequest(1)]?.step == StepIndex(4))
        shard.pushAll(term: 2)
        #expect(shard.reports == [StepIndex(4), StepIndex(4)])
        shard.step(.committed(ShardHarness.commit(term: 2)))
        shard.finishWork()
        #expect(shard.sent.last == .applied(ShardHarness.reply(term: 2), stage: ShardHarness.stage, step: StepIndex(5)))
    }

    @Test func aReducedGradientInTheStateFileIsDroppedToo() {
        var shard = ShardHarness()
        shard.step(.configured(again))
        guard case .openState(_, let generation)? = shard.others.last else {
            Issue.record("the state file was not opened")
            return
        }
        shard.step(.stateOpened(generation, step: StepIndex(4), hasReduced: true))
        #expect(shard.reports.isEmpty)
        shard.pushAll(term: 2)
        #expect(shard.reports == [StepIndex(4)])
    }
}
