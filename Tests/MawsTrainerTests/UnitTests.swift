import Foundation
import Logging
import MawsBase
import MawsData
import MawsKernels
import MawsPlan
import MawsTensor
import MawsTrainer
import MawsTraining
import MawsWire
import Synchronization
import Testing

/// A whole trainer against a fake coordinator and fake shards, compared with the objectives called directly.
@Suite(.serialized) struct UnitTests {
    let run: TinyRun
    let backend = ComputeBackend.reference(threads: 1)

    init() throws { run = try TinyRun() }

    /// Runs a trainer until it has done all leases; what it reported, and the shards with what it pushed.
    private func train(
        _ kind: StageKind, _ leases: [[Lease]], shards count: Int, weights: [FloatBuffer]? = nil,
        triesAgain: Bool = true
    ) throws -> (FakeCoordinator.State, [FakeShard]) {
        let weights = [run.stageIndex(kind).value: weights ?? run.weights(kind)]
        let shards = try FakeShard.cluster(count, run: run, weights: weights)
        let coordinator = try FakeCoordinator(run: run, shards: shards, leases: leases, triesAgain: triesAgain)
        try node(coordinator.port).run()
        coordinator.close()
        for shard in shards { shard.close() }
        return (coordinator.state.withLock { $0 }, shards)
    }

    private func node(_ port: UInt16) throws -> TrainerNode {
        let options = TrainerOptions(
            coordinator: NetworkAddress(host: "127.0.0.1", port: port), certificates: run.folder + "/certificates",
            compute: .reference, threads: 1, name: "trainer-0", exitsWithCoordinator: true,
            shardTimeouts: ShardTimeouts(connectSeconds: 60, answerSeconds: 120))
        return try TrainerNode(options, log: Logger(label: "trainer-0") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test(arguments: [StageKind.mae, .wsp], [1, 2, 3])
    func unitEqualsTheObjectiveBitForBit(kind: StageKind, shards count: Int) throws {
        let stage = run.stageIndex(kind)
        let leases = [[lease(1, stage, unit: 1)], [lease(2, stage, unit: 0)]]
        let (state, shards) = try train(kind, leases, shards: count)
        #expect(state.failures == [])
        #expect(state.done.map(\.lease) == [1, 2])
        for (done, unit) in zip(state.done, [1, 0] as [UInt32]) {
            let gradients = LocalGradients()
            let batch = try run.loader(kind).batch(step: 0, unit: Int(unit))
            let loss = try objective(kind).computeUnit(
                batch, globalBatch: run.stage(kind).batch, weights: LocalWeights(run.weights(kind)),
                gradients: gradients)
            #expect(done.loss == loss)
            for (block, gradient) in gradients.blocks {
                let isEqual = FakeShard.gradient(shards, stage: stage, unit: unit, block: block) == gradient
                #expect(isEqual, "unit \(unit), block \(block)")
            }
            #expect(gradients.blocks.count == run.table(kind).blocks.count { $0.isTrainable })
        }
    }

    @Test(arguments: [StageKind.mae, .wsp])
    func unitsLeasedTogetherPushTheirSum(kind: StageKind) throws {
        let stage = run.stageIndex(kind)
        let (state, shards) = try train(kind, [[lease(1, stage, unit: 0), lease(2, stage, unit: 1)]], shards: 2)
        #expect(state.failures == [])
        #expect(state.done.map(\.lease) == [1, 2])
        let gradients = [LocalGradients(), LocalGradients()]
        for unit in 0..<2 {
            let loss = try objective(kind).computeUnit(
                run.loader(kind).batch(step: 0, unit: unit), globalBatch: run.stage(kind).batch,
                weights: LocalWeights(run.weights(kind)), gradients: gradients[unit])
            #expect(state.done[unit].loss == loss)
        }
        expectSum(gradients, in: shards, stage)
    }

    /// All that the shards have is the sum of both units' gradients, as unit 0.
    private func expectSum(_ gradients: [LocalGradients], in shards: [FakeShard], _ stage: StageIndex) {
        for (block, left) in gradients[0].blocks {
            let sum = zip(left, gradients[1].blocks[block] ?? []).map { $0 + $1 }
            let pushed = FakeShard.gradient(shards, stage: stage, unit: 0, block: block)
            #expect(pushed?.map(\.bitPattern) == sum.map(\.bitPattern), "block \(block)")
        }
        let keys = shards.flatMap { $0.state.withLock { $0.pushes.keys.map(\.unit) } }
        #expect(Set(keys) == [0])
        #expect(shards.allSatisfy { $0.state.withLock { $0.levels } == [1] })
    }

    private func objective(_ kind: StageKind) -> any UnitObjective {
        let (stage, index) = (run.stage(kind), run.stageIndex(kind).value)
        return kind == .mae
            ? MAEObjective(plan: run.plan, stage: stage, stageIndex: index, backend: backend)
            : WSPObjective(plan: run.plan, stage: stage, stageIndex: index, backend: backend)
    }

    @Test func greetsWithItsDataFingerprintBeforeItAsksForWork() throws {
        let (state, _) = try train(.mae, [], shards: 1)
        let fingerprint = try PlanData(plan: run.plan, root: ".").fingerprint
        #expect(state.hellos.map(\.dataFingerprint) == ["", fingerprint])
        #expect(state.hellos[1].computeProfile == backend.profile.description)
    }

    @Test func contrastiveStepPushesTheGradientOfTheGlobalLoss() throws {
        let stage = run.stageIndex(.lit)
        // The second trainer's share of phase 0 is played by the same one; unit 0's phase 1 starts from what it kept.
        let leases = [
            [lease(1, stage, unit: 0)], [lease(2, stage, unit: 1)], [lease(3, stage, phase: 1, unit: 1)],
            [lease(4, stage, phase: 1, unit: 0)],
        ]
        let (state, shards) = try train(.lit, leases, shards: 2)
        #expect(state.failures == [])
        #expect(shards.map { $0.state.withLock { $0.sharedRows.keys.sorted() } } == [[0], [1]])
        let (losses, gradients) = try directContrastiveStep()
        #expect(state.done.suffix(2).map(\.loss) == [losses[1], losses[0]])
        for unit in 0..<2 as Range<UInt32> {
            for (block, gradient) in gradients[Int(unit)].blocks {
                let isEqual = FakeShard.gradient(shards, stage: stage, unit: unit, block: block) == gradient
                #expect(isEqual, "unit \(unit), block \(block)")
            }
        }
    }

    @Test func contrastiveUnitsLeasedTogetherShareRowsEachAndPushTheirSum() throws {
        let stage = run.stageIndex(.lit)
        let leases = [0, 1].map { phase in
            [0, 1].map { unit in lease(UInt64(2 * phase + unit), stage, phase: UInt32(phase), unit: UInt32(unit)) }
        }
        let (state, shards) = try train(.lit, leases, shards: 2)
        #expect(state.failures == [])
        #expect(shards.map { $0.state.withLock { $0.sharedRows.keys.sorted() } } == [[0], [1]])
        let (losses, gradients) = try directContrastiveStep()
        #expect(state.done.suffix(2).map(\.loss) == losses)
        expectSum(gradients, in: shards, stage)
    }

    @Test func rowsOfUnitsThatTheStepDoesNotHaveAreNotTaken() throws {
        let stage = run.stageIndex(.lit)
        let shards = try FakeShard.cluster(1, run: run, weights: [stage.value: run.weights(.lit)])
        shards[0].state.withLock { $0.sharedRows = [1000: [1]] }
        let leases = [
            [lease(1, stage, unit: 0)], [lease(2, stage, unit: 1)], [lease(3, stage, phase: 1, unit: 0)],
        ]
        let coordinator = try FakeCoordinator(run: run, shards: shards, leases: leases, triesAgain: false)
        try node(coordinator.port).run()
        coordinator.close()
        shards[0].close()
        let failures = coordinator.state.withLock { $0.failures }
        #expect(failures.count == 1, "\(failures)")
        #expect(failures.first?.contains("the rows of unit 1000, and the step has units 0 to 1") == true, "\(failures)")
    }

    private func directContrastiveStep() throws -> ([Double], [LocalGradients]) {
        let plan = run.stage(.lit)
        let objective = LiTObjective(plan: run.plan, stage: plan, backend: backend)
        let weights = LocalWeights(run.weights(.lit))
        let batches = try (0..<2).map { try run.loader(.lit).batch(step: 0, unit: $0) }
        let units = try batches.map { try objective.embed($0, weights: weights) }
        let all = try objective.embeddings(
            images: FloatBuffer(units.flatMap(\.imageRows)).all, texts: FloatBuffer(units.flatMap(\.textRows)).all,
            weights: weights)
        let gradients = [LocalGradients(), LocalGradients()]
        let losses = try (0..<2).map { unit in
            // Computed from the batch alone, as a trainer does that did not have the unit in phase 0.
            try objective.computeUnit(
                batches[unit], unit: nil, all: all, firstRow: unit * plan.unit, weights: weights,
                gradients: gradients[unit])
        }
        return (losses, gradients)
    }

    @Test func probeFitsOnOneSplitAndEvaluatesTheOther() throws {
        let stage = run.stageIndex(.linear)
        // 40 training images in 5 units of 8, then 10 test images in 2.
        let leases =
            (0..<7).map { [lease(UInt64($0 + 1), stage, unit: UInt32($0))] } + [[lease(8, stage, phase: 1, unit: 0)]]
        let (state, _) = try train(.linear, leases, shards: 2)
        #expect(state.failures == [])
        let json = try #require(state.done.last?.result)
        let result = try JSONDecoder().decode(ClassificationResult.self, from: Data(json))
        #expect(result.samples.map(\.sample) == Array(0..<10))
        // Classes are numbered in the order of their names: bag, coat.
        #expect(result.samples.map(\.truth) == (0..<10).map { 1 - $0 % 2 })
        #expect(result.classNames == ["bag", "coat"])
        #expect(result.accuracy > 0.7)
        let fit = try #require(result.fit)
        #expect(fit.converged && fit.gradientMax <= fit.tolerance && fit.samples == 40)
        let head = try #require(fit.head)
        #expect(head.weight.count == 4 * 2 * run.plan.model.image.width && head.bias.count == 4 * 2)
        // Units of the split that is evaluated say their samples' keys, the others nothing.
        #expect(state.done.prefix(5).allSatisfy { $0.result.isEmpty })
        let keys = try state.done[5..<7].map { try JSONDecoder().decode([Int: String].self, from: Data($0.result)) }
        #expect(keys.map(\.count) == [8, 2])
        #expect(keys[1].keys.sorted() == [8, 9] && Set(keys.flatMap(\.values)).count == 10)
    }

    @Test func probeOnWeightsThatAreNotFiniteIsNoResult() throws {
        let stage = run.stageIndex(.linear)
        let leases =
            (0..<7).map { [lease(UInt64($0 + 1), stage, unit: UInt32($0))] } + [[lease(8, stage, phase: 1, unit: 0)]]
        let (state, _) = try train(
            .linear, leases, shards: 1, weights: run.weights(.linear, spoilt: .nan), triesAgain: false)
        #expect(state.done.count == 7)
        #expect(state.failures.count == 1)
        #expect(
            state.failures.first?.contains("the features of 40 of 40 samples of split train are not finite") == true)
    }

    @Test func zeroShotScoresThatAreNotFiniteAreNoPrediction() throws {
        let stage = run.stageIndex(.zeroshot)
        let (state, _) = try train(
            .zeroshot, [[lease(1, stage, unit: 0)]], shards: 1, weights: run.weights(.zeroshot, spoilt: .infinity))
        let samples = try JSONDecoder().decode(
            [ClassificationResult.Sample].self, from: Data(try #require(state.done.first?.result)))
        #expect(samples.count == 6 && samples.allSatisfy { $0.prediction == -1 && $0.score == 0 })
    }

    @Test func zeroShotUnitsGiveTheClassifiersPredictions() throws {
        let stage = run.stageIndex(.zeroshot)
        let leases = [[lease(1, stage, unit: 0)], [lease(2, stage, unit: 1)]]
        let (state, _) = try train(.zeroshot, leases, shards: 3)
        #expect(state.failures == [])
        let samples = try state.done.flatMap {
            try JSONDecoder().decode([ClassificationResult.Sample].self, from: Data($0.result))
        }
        let classifier = try ZeroShotClassifier(
            plan: run.plan, stage: run.stage(.zeroshot),
            tokenizer: Tokenizer(model: run.folder + "/tokens.model", context: 8), backend: backend)
        let weights = LocalWeights(run.weights(.zeroshot))
        let direct = try (0..<2).flatMap { unit in
            try classifier.classify(run.loader(.zeroshot).batch(step: 0, unit: unit), weights: weights)
        }
        #expect(samples == direct)
        #expect(samples.count == 10)
        #expect(Set(samples.compactMap(\.key)).count == 10)
    }

    /// What was asked on it is asked on a new one once the shard says that it does not have the line, long before the
    /// deadline of an answer.
    @Test func lineThatIsOpenOnThisSideAloneCostsNeitherAUnitNorADeadline() throws {
        let stage = run.stageIndex(.mae)
        let shard = try FakeShard(
            ShardIdentity(index: 0, count: 1), run: run, weights: [stage.value: run.weights(.mae)],
            fault: .forgetsLineAfterGathers(1))
        let coordinator = try FakeCoordinator(run: run, shards: [shard], leases: [[lease(1, stage, unit: 0)]])
        try node(coordinator.port).run()
        let state = coordinator.state.withLock { $0 }
        #expect(state.done.count == 1)
        #expect(state.failures == [])
    }

    @Test func deadShardCostsAUnitNotTheTrainer() throws {
        let stage = run.stageIndex(.mae)
        let weights = [stage.value: run.weights(.mae)]
        let dying = try FakeShard(
            ShardIdentity(index: 0, count: 1), run: run, weights: weights, fault: .diesAfterGathers(1))
        let coordinator = try FakeCoordinator(run: run, shards: [dying], leases: [[lease(1, stage, unit: 0)]])
        let node = try node(coordinator.port)
        let finished = DispatchSemaphore(value: 0)
        Thread {
            // However long that takes: the suite's limit of time is the only one.
            while coordinator.state.withLock({ $0.failures.count }) < 2 { Thread.sleep(forTimeInterval: 0.05) }
            coordinator.close()
            finished.signal()
        }.start()
        // It goes on asking until the coordinator itself is gone.
        #expect(throws: TrainerError.self) { try node.run() }
        finished.wait()
        let failures = coordinator.state.withLock { $0.failures }
        #expect(failures.count >= 2)
        #expect(failures.last?.contains("nobody listens at 127.0.0.1") == true)
    }
}
