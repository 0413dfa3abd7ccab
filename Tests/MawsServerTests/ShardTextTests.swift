import MawsBase
import MawsProtocol
import MawsServer
import MawsWire
import Testing

/// The sentences that a server makes of its cores' facts.
@Suite struct ShardTextTests {
    private static let shard = ShardIdentity(index: 1, count: 2)
    private static let (stage, step, unit) = (StageIndex(0), StepIndex(4), UnitIndex(2))
    private static func push(level: UInt8) -> Push {
        Push(term: Term(2), stage: stage, step: step, unit: unit, level: level, block: 7, encoding: .fp32)
    }
    private static let unitRows = UnitRows(term: Term(2), stage: stage, step: step, unit: unit)
    private static let flush = Flush(term: Term(2), stage: stage, step: step, unit: unit, level: 1)

    private static let lacks: [(ShardLack, String)] = [
        (.noState, "shard 1/2 has no state yet"),
        (.otherState, "shard 1/2 was given a new state meanwhile"),
        (.lostState, "the shard has lost its state"),
        (
            .otherStep(
                own: RunPosition(stage: stage, step: step),
                sent: RunPosition(stage: StageIndex(1), step: StepIndex(0))),
            "shard 1/2 is at version 4 of the plan's stage 1, not yet at step 0 of its stage 2"
        ),
        (.otherTerm(own: Term(2), sent: Term(1)), "shard 1/2 works under term 2, not 1"),
        (.noBlock(77), "shard 1/2 has no block 77 of that stage"),
        (.noPart(.weight, block: 3), "shard 1/2 has no weight of block 3"),
        (.noVersion(StepIndex(3), newest: step), "version 3 is not at shard 1/2, whose newest is 4"),
        (.lateVersion(StepIndex(5), seconds: 30), "version 5 did not come to shard 1/2 in 30 s"),
        (.noRows(step), "shard 1/2 has no rows of step 4"),
        (.noMemory, "shard 1/2 has no memory for more gradients now"),
        (.noUnits(flush), "shard 1/2 has not all of 2^1 units from 2 on of step 4"),
    ]

    @Test(arguments: lacks) func whatAShardLacksIsASentence(lack: ShardLack, sentence: String) {
        #expect(lack.sentence(of: Self.shard) == sentence)
    }

    private static let breaches: [(ShardBreach, String)] = [
        (.noPayloadDue, "it sent a payload where none belongs"),
        (.notForServers, "it sent a message that is not for servers"),
        (.notDue, "it sent what is not due"),
        (.noHello, "its first message is not hello"),
        (.otherVersion, "shard 1/2 serves trainers of protocol version \(ProtocolVersion.current)"),
        (.noSuchUnits(push(level: 0)), "it pushes unit 2 of block 7, which no plan has"),
        (.noSuchUnits(push(level: 1)), "it pushes 2^1 units from 2 on of block 7, which no plan has"),
        (
            .noSuchRows(unitRows, byteCount: 12),
            "it shares 12 bytes of unit 2 of step 4, which no unit of this stage has"
        ),
        (.pushNotLeased(push(level: 1)), "it pushes 2^1 units from 2 on of step 4, which it was not leased"),
        (.rowsNotLeased(unitRows), "it shares unit 2 of step 4, which it was not leased"),
        (.flushNotLeased(flush), "it flushes 2^1 units from 2 on of step 4, which it was not leased"),
        (.notForOrders, "it sent a message that does not belong on the connection for orders"),
        (.notForTensors, "it sent a message that does not belong on the connection for tensors"),
        (.foreignSlice, "it restores a slice that does not belong to the configured stage"),
        (.endWithoutRestore, "it ends a restore that did not begin"),
        (.endWithout(.weight, block: "position"), "it ends a restore without the weight of block position"),
        (.endAtOtherStep, "it ends a restore at another step than it began"),
    ]

    @Test(arguments: breaches) func aBreachIsASentence(breach: ShardBreach, sentence: String) {
        #expect(breach.sentence(at: Self.shard) == sentence)
    }

    private static let conflicts: [(CoordinatorConflict, String)] = [
        (.foreignCommit, "it committed under another term or stage than it configured"),
        (
            .otherCommit(StepIndex(6), own: step, isReduced: false),
            "it committed step 6 and this shard is at version 4, not reduced"
        ),
        (
            .otherCommit(StepIndex(6), own: step, isReduced: true),
            "it committed step 6 and this shard is at version 4"
        ),
        (.olderTerm(Term(1), newest: Term(2)), "it works under term 1, newest is 2"),
        (.unfitState, "the state file is not of the stage that it should be kept for"),
        (.damagedState("chunk 3 is damaged"), "chunk 3 is damaged"),
    ]

    @Test(arguments: conflicts) func whyTheCoordinatorIsLeftIsASentence(
        conflict: CoordinatorConflict, sentence: String
    ) {
        #expect("\(conflict)" == sentence)
    }
}
