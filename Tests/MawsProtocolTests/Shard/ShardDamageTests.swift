import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// A state that is not what was written is lost, whenever that is found.
struct ShardDamageTests {
    private let generation = ShardGeneration(1)
    private let damage = "the state is damaged"

    private var loss: ShardActions {
        .unlocked(.discardState(generation, damage: damage), .abandonCoordinator(.damagedState(damage)))
    }

    private func hello(_ shard: ShardHarness) -> ServerHello { shard.core.hello(host: "a", port: 1) }

    @Test func aDamagedStateIsDiscardedAndTheNextHelloHasNone() {
        var shard = ShardHarness()
        shard.restore()
        #expect(hello(shard).step == StepIndex(4))
        #expect(shard.step(.stateDamaged(generation, damage: damage)) == loss)
        #expect(hello(shard).runID.isEmpty && hello(shard).step == StepIndex(0))
        guard case .lose? = shard.push(ShardHarness.push(unit: 0)).locked.first else {
            Issue.record("a push was taken for a state that is lost")
            return
        }
        // Found by two threads at once.
        #expect(shard.step(.stateDamaged(generation, damage: damage)).isEmpty)
    }

    @Test func damageFoundByAnUpdateEndsItAndWorkOnItIsForgotten() {
        var shard = ShardHarness()
        shard.restore()
        shard.pushAll()
        shard.step(.committed(ShardHarness.commit()))
        #expect(shard.core.isApplying)
        shard.step(.configured(ShardHarness.configuration(keepsState: true, term: 2)))
        #expect(shard.step(.stateDamaged(generation, damage: damage)) == loss)
        #expect(!shard.core.isApplying)
        let sent = shard.sent
        #expect(shard.step(.applied(generation)).isEmpty)
        #expect(shard.sent == sent)
        #expect(hello(shard).runID.isEmpty)
    }

    @Test func damageFoundInTheFileOfAnEarlierProcessLeavesNothingOfIt() {
        var found = hello(ShardHarness())
        (found.runID, found.stage, found.step) = ("run", ShardHarness.stage, StepIndex(4))
        var shard = ShardHarness(found: found)
        #expect(hello(shard).step == StepIndex(4))
        shard.step(.configured(ShardHarness.configuration(keepsState: true)))
        #expect(shard.step(.stateDamaged(generation, damage: damage)) == loss)
        #expect(hello(shard).runID.isEmpty)
    }

    @Test func gathersWaitForTheRestoredState() {
        var shard = ShardHarness()
        shard.restore()
        shard.step(.stateDamaged(generation, damage: damage))
        shard.gather(7, step: 4)
        #expect(shard.served.isEmpty && shard.declined.isEmpty)
        shard.restore(ShardHarness.configuration(term: 2))
        #expect(shard.served[ShardRequest(7)]?.step == StepIndex(4))
        shard.pushAll(term: 2)
        #expect(shard.reports == [StepIndex(4)])
    }

    @Test func damageOfAStateThatWasReplacedMeanwhileIsOfNoInterest() {
        var shard = ShardHarness()
        shard.restore()
        shard.step(.configured(ShardHarness.configuration(term: 2)))
        #expect(shard.step(.stateDamaged(generation, damage: damage)).isEmpty)
        #expect(shard.step(.stateDamaged(ShardGeneration(2), damage: damage)).isEmpty)
    }
}
