import MawsBase
import MawsProtocol
import MawsWire
import Testing

struct ShardCoreTests {
    @Test func restoredShardSaysSoAndServesItsVersion() {
        var shard = ShardHarness()
        shard.restore()
        #expect(shard.sent == [.restored(ShardHarness.reply(), stage: ShardHarness.stage, step: StepIndex(4))])
        shard.gather(1, step: 4, block: 0)
        #expect(shard.served[ShardRequest(1)]?.part == .weight)
        #expect(shard.core.hello(host: "h", port: 1).step == StepIndex(4))
    }

    @Test func restoreWithoutOneSliceIsNotSealed() {
        var shard = ShardHarness()
        shard.step(.configured(ShardHarness.configuration()))
        let actions = shard.step(.restoreDone(ShardHarness.request, stage: ShardHarness.stage, step: StepIndex(4)))
        #expect(actions == .locked(.breakOff(.endWithout(.weight, block: "position"))))
        #expect(shard.core.hello(host: "h", port: 1).runID == "")
    }

    @Test func stepIsReportedExactlyOnceInAnyOrderWithDuplicates() {
        for seed in 0..<300 {
            var random = CounterRandom(seed: UInt64(seed), purpose: .test, element: 0)
            let units = 1 + random.below(9)
            var shard = ShardHarness()
            shard.restore(ShardHarness.configuration(units: UInt32(units)))
            for version in UInt64(4)..<7 {
                runStep(&shard, version: version, units: units, &random)
                #expect(shard.reports.last == StepIndex(version))
                shard.step(.committed(ShardHarness.commit(step: version)))
                shard.finishWork()
                #expect(
                    shard.sent.last
                        == .applied(ShardHarness.reply(), stage: ShardHarness.stage, step: StepIndex(version + 1)))
            }
            #expect(shard.reports.count == 3)
            #expect(shard.applied == 3)
        }
    }

    private func runStep(_ shard: inout ShardHarness, version: UInt64, units: Int, _ random: inout CounterRandom) {
        var pushes = (0..<2 * units).flatMap { index in
            let push = ShardHarness.push(unit: UInt32(index / 2), block: UInt32(1 + index % 2), step: version)
            return Array(repeating: push, count: 1 + random.below(3))
        }
        // Another trainer computed some of them together.
        for level in 1...3 where units >> level > 0 && random.below(2) == 0 {
            let first = random.below(units >> level) << level
            pushes += [1, 2].map {
                ShardHarness.push(unit: UInt32(first), level: UInt8(level), block: $0, step: version)
            }
        }
        pushes = random.permutation(pushes.count).map { pushes[$0] }
        // A trainer that is one step late, and one that pushes what another push is still bringing.
        pushes.insert(ShardHarness.push(unit: 0, step: version - 1), at: random.below(pushes.count))
        var onTheWay: [(Push, ShardGeneration)] = []
        while !pushes.isEmpty || !onTheWay.isEmpty || !shard.work.isEmpty {
            switch random.below(3) {
            case 0 where !pushes.isEmpty:
                let push = pushes.removeLast()
                if case .receive(let generation)? = shard.step(.pushAnnounced(push)).locked.first {
                    onTheWay.append((push, generation))
                }
            case 1 where !onTheWay.isEmpty:
                let (push, generation) = onTheWay.remove(at: random.below(onTheWay.count))
                shard.step(.pushReceived(push, generation))
            case 2 where !shard.work.isEmpty:
                shard.finishWork(at: random.below(shard.work.count))
            default:
                break
            }
        }
    }

    @Test func pushOfAnOlderStepIsDroppedAndOneThatMayBeNeededIsLost() {
        var shard = ShardHarness()
        #expect(isLost(shard.push(ShardHarness.push(unit: 0))))
        shard.restore()
        #expect(shard.push(ShardHarness.push(unit: 0, step: 3)) == .locked(.discard))
        #expect(shard.push(ShardHarness.push(unit: 0, stage: StageIndex(0), term: 0)) == .locked(.discard))
        #expect(isLost(shard.push(ShardHarness.push(unit: 0, step: 5))))
        #expect(isLost(shard.push(ShardHarness.push(unit: 0, term: 2))))
        #expect(isLost(shard.push(ShardHarness.push(unit: 0, term: 0))))
    }

    @Test func sumOfUnitsTakesThePlaceOfThoseThatCameBefore() {
        var shard = ShardHarness()
        shard.restore()
        guard case .keepGradient(let second)? = shard.push(ShardHarness.push(unit: 1)).locked.first else {
            Issue.record("unit 1 was not kept")
            return
        }
        let actions = shard.push(ShardHarness.push(unit: 0, level: 1))
        #expect(actions.unlocked.contains { if case .drop(_, 1, second) = $0 { true } else { false } })
        #expect(shard.push(ShardHarness.push(unit: 0)) == .locked(.discard))
        shard.push(ShardHarness.push(unit: 2))
        shard.push(ShardHarness.push(unit: 0, level: 1, block: 2))
        shard.push(ShardHarness.push(unit: 2, block: 2))
        shard.finishWork()
        #expect(shard.reports == [StepIndex(4)])
    }

    @Test func pushThatNoPlanHasBreaksTheConnectionOff() {
        var shard = ShardHarness()
        shard.restore()
        let strangers = [
            ShardHarness.push(unit: 3), ShardHarness.push(unit: 1, level: 1), ShardHarness.push(unit: 2, level: 1),
            ShardHarness.push(unit: 0, level: 2), ShardHarness.push(unit: 0, level: 255), .init(frozen: 0),
            .init(frozen: 7),
        ]
        for push in strangers {
            guard case .breakOff? = shard.push(push).locked.first else {
                Issue.record("\(push) was taken")
                continue
            }
        }
    }

    @Test func pushBroughtForAnOlderStateIsLost() {
        var shard = ShardHarness()
        shard.restore()
        let push = ShardHarness.push(unit: 0)
        let generation = ShardGeneration(1)
        #expect(shard.step(.pushAnnounced(push)) == .locked(.receive(generation)))
        shard.restore()
        #expect(isLost(shard.step(.pushReceived(push, generation))))
    }

    @Test func gatherOfTheNextVersionWaitsForIt() {
        var shard = ShardHarness()
        shard.gather(1, step: 4)
        shard.restore()
        #expect(shard.served[ShardRequest(1)] != nil)
        shard.gather(2, step: 5)
        #expect(shard.served[ShardRequest(2)] == nil)
        shard.pushAll()
        shard.step(.requestEnded(ShardRequest(1)))
        shard.step(.committed(ShardHarness.commit()))
        shard.finishWork()
        #expect(shard.served[ShardRequest(2)]?.step == StepIndex(5))
    }

    @Test func gatherThatWaitsTooLongIsDeclined() {
        var shard = ShardHarness()
        shard.restore()
        shard.gather(1, step: 5)
        shard.now = shard.now + 29
        shard.step(.tick)
        #expect(shard.declined.isEmpty)
        shard.now = shard.now + 2
        shard.step(.tick)
        #expect(shard.declined[ShardRequest(1)] == .lateVersion(StepIndex(5), seconds: 30))
    }

    @Test func previousVersionIsServedUntilABlockOfTheNextStepIsReduced() {
        var shard = ShardHarness()
        shard.restore()
        shard.gather(1, step: 3)
        #expect(shard.declined[ShardRequest(1)] == .noVersion(StepIndex(3), newest: StepIndex(4)))
        shard.pushAll()
        shard.step(.committed(ShardHarness.commit()))
        shard.finishWork()
        shard.gather(2, step: 4)
        #expect(shard.served[ShardRequest(2)]?.step == StepIndex(4))
        shard.pushAll(step: 5)
        #expect(shard.reports == [StepIndex(4)], "the sum would take the place of what is being read")
        shard.gather(3, step: 4)
        #expect(shard.declined[ShardRequest(3)] != nil)
        shard.step(.requestEnded(ShardRequest(2)))
        shard.finishWork()
        #expect(shard.reports == [StepIndex(4), StepIndex(5)])
        shard.step(.committed(ShardHarness.commit(step: 5)))
        shard.finishWork()
        #expect(shard.applied == 2)
    }

    @Test func slotsAreHandedOutOfTheNewestVersionOnlyAndNotWhileTheyChange() {
        var shard = ShardHarness()
        shard.restore()
        shard.pushAll()
        func snapshot(_ request: UInt64, step: UInt64, _ slot: String?) -> Bool {
            let slice = TensorSlice(
                stage: ShardHarness.stage, step: StepIndex(step), block: 1, part: slot.map { .slot($0) } ?? .weight)
            shard.step(.snapshotRequested(ShardRequest(request), slice))
            return shard.served[ShardRequest(request)] != nil
        }
        #expect(snapshot(1, step: 4, "exp_avg"))
        shard.step(.requestEnded(ShardRequest(1)))
        shard.step(.committed(ShardHarness.commit()))
        #expect(snapshot(2, step: 4, nil))
        #expect(!snapshot(3, step: 4, "exp_avg"))
        shard.finishWork()
        #expect(snapshot(4, step: 5, "exp_avg_sq"))
        #expect(!snapshot(5, step: 4, "exp_avg_sq"))
        #expect(snapshot(6, step: 4, nil))
    }

    @Test func readerThatHoldsUpAStepIsDroppedOnceItsAllowanceIsUsedUp() {
        var shard = ShardHarness()
        shard.restore()
        shard.pushAll()
        shard.step(.committed(ShardHarness.commit()))
        shard.finishWork()
        shard.gather(7, step: 4)
        shard.pushAll(step: 5)
        #expect(shard.step(.tick) == .nothing)
        shard.now = shard.now + 0.6
        #expect(shard.step(.tick) == .unlocked(.dropReaders([ShardRequest(7)])))
        #expect(shard.step(.tick) == .nothing)
        shard.step(.requestEnded(ShardRequest(7)))
        shard.finishWork()
        #expect(shard.reports == [StepIndex(4), StepIndex(5)])
    }

    @Test func aWaitForSeveralReadersOfACertificateIsOneCharge() {
        var shard = ShardHarness()
        shard.restore()
        shard.pushAll()
        shard.step(.committed(ShardHarness.commit()))
        shard.finishWork()
        for reader in UInt64(1)...4 { shard.gather(reader, step: 4) }
        shard.pushAll(step: 5)
        shard.now = shard.now + 0.3
        for reader in UInt64(1)...4 { shard.step(.requestEnded(ShardRequest(reader))) }
        shard.finishWork()
        shard.step(.committed(ShardHarness.commit(step: 5)))
        shard.finishWork()
        shard.gather(5, step: 5)
        shard.pushAll(step: 6)
        shard.step(.tick)
        #expect(shard.dropped.isEmpty, "0.2 s are left")
    }

    @Test func readersThatDoNotReadTakeAFewHundredthsOfTheTime() {
        var shard = ShardHarness()
        shard.restore()
        shard.pushAll()
        let began = shard.now
        var waited = 0.0
        for step in UInt64(5)..<105 {
            shard.step(.committed(ShardHarness.commit(step: step - 1)))
            shard.finishWork()
            for reader in 0..<UInt64(6) { shard.gather(step * 10 + reader, step: step - 1, holder: "evil") }
            shard.now = shard.now + 0.08
            let before = shard.now
            shard.pushAll(step: step)
            while shard.reports.last != StepIndex(step) {
                let dropped = shard.dropped
                shard.dropped = []
                for request in dropped { shard.step(.requestEnded(request)) }
                shard.finishWork()
                if dropped.isEmpty { shard.now = shard.now + 0.1 }
                shard.step(.tick)
            }
            waited += shard.now.seconds(since: before)
        }
        #expect(waited < 0.15 * shard.now.seconds(since: began), "\(waited) s")
    }

    /// It copies what it reads: that takes as long as it takes.
    @Test func aCheckpointsReaderIsNotDropped() {
        var shard = ShardHarness()
        shard.restore()
        shard.pushAll()
        shard.step(.committed(ShardHarness.commit()))
        shard.finishWork()
        let slice = TensorSlice(stage: ShardHarness.stage, step: StepIndex(4), block: 1, part: .weight)
        shard.step(.snapshotRequested(ShardRequest(8), slice))
        shard.pushAll(step: 5)
        shard.now = shard.now + 60
        #expect(shard.step(.tick) == .nothing)
        #expect(shard.reports == [StepIndex(4)])
        shard.step(.requestEnded(ShardRequest(8)))
        shard.finishWork()
        #expect(shard.reports == [StepIndex(4), StepIndex(5)])
    }

    @Test func restartedShardWithAReducedGradientReportsItAgainAndAppliesTheCommit() {
        let found = ServerHello(
            shard: ShardIdentity(index: 0, count: 1), host: "", port: 0, runID: "run", stage: ShardHarness.stage,
            step: StepIndex(4), hasReduced: true)
        var shard = ShardHarness(found: found)
        #expect(shard.core.hello(host: "", port: 0) == found)
        let actions = shard.step(.configured(ShardHarness.configuration(keepsState: true, term: 2)))
        guard case .openState(_, let generation)? = actions.unlocked.first else {
            Issue.record("\(actions)")
            return
        }
        shard.step(.stateOpened(generation, step: StepIndex(4), hasReduced: true))
        #expect(shard.sent == [.restored(ShardHarness.reply(term: 2), stage: ShardHarness.stage, step: StepIndex(4))])
        #expect(shard.reports == [StepIndex(4)])
        #expect(shard.push(ShardHarness.push(unit: 0, term: 2)) == .locked(.discard))
        shard.step(.committed(ShardHarness.commit(term: 2)))
        shard.finishWork()
        #expect(shard.sent.last == .applied(ShardHarness.reply(term: 2), stage: ShardHarness.stage, step: StepIndex(5)))
    }

    @Test func commitThatDoesNotFitEndsTheConnectionAndARepeatedOneIsAnswered() {
        var shard = ShardHarness()
        shard.restore()
        for commit in [ShardHarness.commit(), ShardHarness.commit(step: 9), ShardHarness.commit(term: 0)] {
            guard case .abandonCoordinator? = shard.step(.committed(commit)).unlocked.first else {
                Issue.record("\(commit) was taken")
                continue
            }
        }
        shard.pushAll()
        shard.step(.committed(ShardHarness.commit()))
        shard.finishWork()
        let again = shard.step(.committed(ShardHarness.commit()))
        #expect(
            again == .unlocked(.send(.applied(ShardHarness.reply(), stage: ShardHarness.stage, step: StepIndex(5)))))
        #expect(shard.applied == 1)
    }

    @Test func configurationThatComesWhileApplyingWaitsForIt() {
        var shard = ShardHarness()
        shard.restore()
        shard.pushAll()
        shard.step(.committed(ShardHarness.commit()))
        #expect(shard.core.isApplying)
        #expect(shard.step(.configured(ShardHarness.configuration(keepsState: true, term: 2))) == .nothing)
        shard.finishWork()
        #expect(
            shard.sent.last == .restored(ShardHarness.reply(term: 2), stage: ShardHarness.stage, step: StepIndex(5)))
        #expect(shard.core.term == Term(2))
    }

    @Test func newCoordinatorKeepsTheGradientsThatAreIn() {
        var shard = ShardHarness()
        shard.restore()
        shard.push(ShardHarness.push(unit: 1))
        shard.step(.configured(ShardHarness.configuration(keepsState: true, term: 2)))
        #expect(shard.push(ShardHarness.push(unit: 1, term: 2)) == .locked(.discard))
        shard.pushAll(term: 2)
        #expect(shard.reports == [StepIndex(4)])
        let older = shard.step(.configured(ShardHarness.configuration(keepsState: true, term: 1)))
        #expect(older == .unlocked(.abandonCoordinator(.olderTerm(Term(1), newest: Term(2)))))
    }

    @Test func rowsAreGatheredInUnitOrderOnceAndGoWithTheStep() {
        var shard = ShardHarness()
        shard.restore()
        for unit in [UInt32(2), 0, 2] {
            let unitRows = UnitRows(term: Term(1), stage: ShardHarness.stage, step: StepIndex(4), unit: UnitIndex(unit))
            if case .receive(let generation)? = shard.step(.rowsAnnounced(unitRows)).locked.first {
                shard.step(.rowsReceived(unitRows, generation))
            }
        }
        let request = ShardRequest(1)
        #expect(
            shard.step(.rowsRequested(request, stage: ShardHarness.stage, step: StepIndex(4)))
                == .locked(.serveRows(request, ShardHarness.stage, StepIndex(4), [UnitIndex(0), UnitIndex(2)])))
        shard.pushAll()
        shard.step(.committed(ShardHarness.commit()))
        shard.finishWork()
        shard.step(.rowsRequested(request, stage: ShardHarness.stage, step: StepIndex(4)))
        #expect(shard.declined[request] == .noRows(StepIndex(4)))
    }

    @Test func shardWithoutATrainedSliceReportsAtOnce() {
        var builder = BlockBuilder("head")
        builder.add("head.weight", [8], decays: true, .zeros)
        let table = BlockTable(blocks: [builder.build()])
        var shard = ShardHarness(shard: ShardIdentity(index: 0, count: 2))
        shard.step(.configured(ShardHarness.configuration(table: table)))
        shard.step(.restoreDone(ShardHarness.request, stage: ShardHarness.stage, step: StepIndex(0)))
        shard.finishWork()
        #expect(shard.reports == [StepIndex(0)])
    }

    private func isLost(_ actions: ShardActions) -> Bool {
        if case .lose? = actions.locked.first { return true }
        return false
    }
}

extension Push {
    /// A push of a block that is frozen, or not in the table.
    fileprivate init(frozen block: UInt32) { self = ShardHarness.push(unit: 0, block: block) }
}
