import MawsBase
import MawsProtocol
import MawsWire
import Testing

struct LeaseSizeTests {
    @Test func aTrainerThatIsAloneGetsTheRestOfTheStepOnceItsSpeedIsKnown() {
        var run = CoordinatorHarness(stages: [training(phases: [8])])
        run.joinServers()
        let trainer = run.joinTrainer(1)
        var leased: [[UInt32]] = []
        while let batch = run.batches[trainer] {
            leased.append(batch.map(\.unit.value))
            run.finishBatch(trainer, unitSeconds: 1)
        }
        // Nodes of the servers' tree: two units begin at an even one, four at a multiple of four.
        #expect(leased == [[0], [1], [2, 3], [4, 5, 6, 7]])
        run.reduceAll(step: 0)
        #expect(run.batches[trainer]?.map(\.unit.value) == Array(0..<8))
    }

    @Test func trainersGetHalfOfTheirShareSoThatTheyEndTogether() {
        #expect(LeaseSize.leases(units: 32, trainers: 1, unitSeconds: 1) == [32])
        let leases = LeaseSize.leases(units: 32, trainers: 2, unitSeconds: 1)
        #expect(leases.reduce(0, +) == 32)
        #expect(leases.first == 8 && leases.last == 1)
        // Fewer than a fifth of the gradients travel where four trainers compute 256 units.
        #expect(LeaseSize.leases(units: 256, trainers: 4, unitSeconds: 1).count < 50)
    }

    @Test func aLeaseTakesAMinuteAtMostUnlessOneUnitTakesLonger() {
        #expect(LeaseSize.units(pending: 64, share: 1, unitSeconds: 14) == 4)
        #expect(LeaseSize.units(pending: 64, share: 1, unitSeconds: 300) == 1)
        #expect(LeaseSize.units(pending: 64, share: 1, unitSeconds: 0) == 1)
        #expect(LeaseSize.units(pending: 1 << 20, share: 1, unitSeconds: 1e-6) == LeaseSize.unitsMax)
    }

    @Test func aSlowTrainerGetsLessThanAFastOne() {
        var run = CoordinatorHarness(stages: [training(phases: [64])])
        run.joinServers()
        let (fast, slow) = (run.joinTrainer(1), run.joinTrainer(2))
        run.finishBatch(fast, unitSeconds: 1)
        // Its unit took four seconds, the first of them while the other was at its own.
        run.finishBatch(slow, unitSeconds: 3)
        run.finishBatch(fast, unitSeconds: 1)
        #expect(run.batches[slow]?.count == 4)
        #expect(run.batches[fast]?.count == 8)
    }

    @Test func aUnitThatFailsGivesAllOfItsLeaseBack() {
        var run = CoordinatorHarness(stages: [training(phases: [8])])
        run.joinServers()
        let trainer = run.joinTrainer(1)
        for _ in 0..<3 { run.finishBatch(trainer, unitSeconds: 1) }
        let batch = run.batches[trainer]!
        #expect(batch.map(\.unit.value) == [4, 5, 6, 7])
        run.step(.unitDone(trainer, run.done(batch[0], loss: 1)))
        run.step(.unitFailed(trainer, UnitFailed(lease: batch[2].id, reason: "a shard is away")))
        let other = run.joinTrainer(2)
        #expect(run.leases[other]?.unit == UnitIndex(5))
    }

    @Test func unitsOfOneLeaseAreNotLateBeforeTheLastOfThemIs() {
        var run = CoordinatorHarness(stages: [training(phases: [8])])
        run.joinServers()
        let trainer = run.joinTrainer(1)
        for _ in 0..<3 { run.finishBatch(trainer, unitSeconds: 2) }
        #expect(run.batches[trainer]?.count == 4)
        let idle = run.joinTrainer(2)
        // Its last unit begins after six seconds, and is late six seconds after that.
        run.now = run.now + 11
        run.step(.tick)
        #expect(run.leases[idle] == nil)
        run.now = run.now + 2
        run.step(.tick)
        #expect(run.leases[idle]?.unit == UnitIndex(4))
        #expect(run.batches[idle]?.count == 1)
    }

    @Test func aUnitWithAnExcludedSampleIsLeasedAlone() {
        let position = RunPosition(stage: StageIndex(0), step: StepIndex(1))
        let sample = LostSample(slot: 9, index: 7, shard: "s", member: "m", offset: 0, reason: "gone")
        var run = CoordinatorHarness(
            stages: [training(phases: [4])],
            excluded: [ExcludedSample(position: position, unit: UnitIndex(2), lost: sample)])
        run.joinServers()
        let trainer = run.joinTrainer(1)
        for _ in 0..<3 { run.finishBatch(trainer, unitSeconds: 1) }
        run.reduceAll(step: 0)
        #expect(run.batches[trainer]?.map(\.unit.value) == [0, 1])
        run.finishBatch(trainer, unitSeconds: 1)
        #expect(run.batches[trainer]?.map(\.excluded) == [[7]])
    }
}
