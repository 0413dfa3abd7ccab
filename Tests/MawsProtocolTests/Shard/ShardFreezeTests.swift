import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// A version that a checkpoint is made of stays readable while later ones take its place, and no longer.
struct ShardFreezeTests {
    private let number = RequestNumber(5)

    private func slice(_ block: UInt32 = 1, _ part: WeightPart = .slot("exp_avg"), step: UInt64 = 4) -> TensorSlice {
        TensorSlice(stage: ShardHarness.stage, step: StepIndex(step), block: block, part: part)
    }

    private func apply(_ shard: inout ShardHarness, step: UInt64) {
        shard.pushAll(step: step)
        shard.step(.committed(ShardHarness.commit(step: step)))
        shard.finishWork()
    }

    /// A shard two versions after the one that is frozen.
    private func frozen() -> ShardHarness {
        var shard = ShardHarness()
        shard.restore()
        shard.step(.freeze(number, stage: ShardHarness.stage, step: StepIndex(4)))
        #expect(shard.others.last == .freeze(number, StepIndex(4)))
        for step in [UInt64(4), 5] { apply(&shard, step: step) }
        return shard
    }

    @Test func everyPartOfItIsServedAfterLaterVersionsCame() {
        var shard = frozen()
        var request: UInt64 = 0
        for block in [UInt32(0), 1, 2] {
            for part in ShardHarness.table.blocks[Int(block)].parts {
                request += 1
                shard.step(.snapshotRequested(ShardRequest(request), slice(block, part)))
                #expect(shard.servedFrozen.contains(ShardRequest(request)), "\(part) of block \(block)")
                shard.step(.requestEnded(ShardRequest(request)))
            }
        }
        shard.step(.snapshotRequested(ShardRequest(90), slice(step: 6)))
        #expect(shard.served[ShardRequest(90)] != nil)
        shard.step(.snapshotRequested(ShardRequest(91), slice(step: 5)))
        #expect(shard.declined[ShardRequest(91)] != nil)
    }

    /// No step waits for a reader of copies.
    @Test func aSliceOnItsWayHoldsUpNoStep() {
        var shard = frozen()
        shard.step(.snapshotRequested(ShardRequest(1), slice(1, .weight)))
        for step in [UInt64(6), 7] { apply(&shard, step: step) }
        #expect(shard.applied == 4)
    }

    @Test func whatTheCheckpointHasIsReleasedAndTheLastPartEndsIt() {
        var shard = frozen()
        shard.step(.sliceKept(RequestNumber(4), slice()))
        shard.others = []
        shard.step(.sliceKept(number, slice()))
        shard.step(.sliceKept(number, slice()))
        #expect(shard.others == [.release(number, slice())])
        shard.step(.snapshotRequested(ShardRequest(1), slice()))
        #expect(shard.declined[ShardRequest(1)] != nil)
        for block in [UInt32(0), 1, 2] {
            for part in ShardHarness.table.blocks[Int(block)].parts {
                shard.step(.sliceKept(number, slice(block, part)))
            }
        }
        #expect(shard.others.last == .thaw(number))
    }

    @Test func itEndsWithTheCheckpointTheConnectionAndTheState() {
        for end in [ShardEvent.thaw(number), .welcomed, .configured(ShardHarness.configuration())] {
            var shard = frozen()
            shard.step(.thaw(RequestNumber(4)))
            shard.step(.snapshotRequested(ShardRequest(1), slice()))
            #expect(shard.servedFrozen.count == 1)
            shard.step(end)
            shard.step(.snapshotRequested(ShardRequest(2), slice()))
            #expect(shard.servedFrozen.count == 1 && shard.declined[ShardRequest(2)] != nil, "\(end)")
        }
    }

    /// A step that starts over changes nothing of the version before it.
    @Test func itOutlivesAStepThatStartsOver() {
        var shard = frozen()
        shard.step(.configured(ShardHarness.configuration(keepsState: true, keepsStep: false, term: 2)))
        shard.step(.snapshotRequested(ShardRequest(1), slice()))
        #expect(shard.servedFrozen.count == 1)
    }

    @Test func onlyTheVersionInForceIsFrozen() {
        var shard = ShardHarness()
        shard.step(.freeze(number, stage: ShardHarness.stage, step: StepIndex(0)))
        shard.restore()
        for step in [UInt64(3), 5] { shard.step(.freeze(number, stage: ShardHarness.stage, step: StepIndex(step))) }
        shard.step(.freeze(number, stage: StageIndex(0), step: StepIndex(4)))
        #expect(!shard.others.contains { if case .freeze = $0 { true } else { false } })
    }

    @Test func aNewerOneTakesItsPlace() {
        var shard = frozen()
        shard.step(.freeze(RequestNumber(6), stage: ShardHarness.stage, step: StepIndex(6)))
        apply(&shard, step: 6)
        shard.step(.thaw(number))
        shard.step(.snapshotRequested(ShardRequest(1), slice(step: 6)))
        shard.step(.snapshotRequested(ShardRequest(2), slice(step: 4)))
        #expect(shard.servedFrozen == [ShardRequest(1)])
    }
}
