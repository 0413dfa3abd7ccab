import MawsBase
import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor
import MawsTestSupport
import MawsTraining
import Testing

@Suite struct WSPObjectiveTests {
    private let fixture = PretrainingFixture(.wsp)

    private func objective(_ compute: TestCompute = .reference, keeps: KeptActivations = .everything) -> WSPObjective {
        WSPObjective(
            plan: fixture.plan, stage: fixture.stage, stageIndex: 1, backend: compute.backend, keeps: keeps)
    }

    private func labels(_ golden: GoldenTensors) throws -> [[Int]] {
        let tags = try golden.floats("tags")
        return (0..<3).map { row in (0..<11).filter { tags[row * 11 + $0] > 0 } }
    }

    @Test(arguments: TestCompute.allCases, [KeptActivations.everything, .inputs])
    func lossAndEveryGradientEqualTimm(_ compute: TestCompute, _ keeps: KeptActivations) throws {
        let golden = try PretrainingFixture.golden("wsp")
        let gradients = BlockMemory(fixture.table)
        let loss = try objective(compute, keeps: keeps).computeUnit(
            fixture.batch(golden.floats("images"), labels: labels(golden)), globalBatch: 3,
            weights: fixture.weights(from: golden), gradients: gradients)
        #expect(abs(loss - Double(try golden.scalar("loss"))) < compute.tolerance(1e-5) * loss)
        let worst = try worstGradient(gradients, golden)
        #expect(worst.error <= compute.tolerance(1e-4), "\(worst.name) is off by \(worst.error)")
    }

    @Test(arguments: TestCompute.allCases)
    func lossAndGradientsOfAMixedAndSmoothedBatchEqualPyTorch(_ compute: TestCompute) throws {
        let (golden, mixed) = (try PretrainingFixture.golden("wsp"), try PretrainingFixture.golden("wsp-mixed"))
        var batch = fixture.batch(try golden.floats("images"), labels: try labels(golden))
        batch.mix(.mixup(lambda: Double(try mixed.scalar("share"))))
        var stage = fixture.stage
        stage[WSPTask.self]?.labelSmoothing = 0.1
        let objective = WSPObjective(plan: fixture.plan, stage: stage, stageIndex: 1, backend: compute.backend)
        let gradients = BlockMemory(fixture.table)
        let loss = try objective.computeUnit(
            batch, globalBatch: 3, weights: fixture.weights(from: golden), gradients: gradients)
        #expect(abs(loss - Double(try mixed.scalar("loss"))) < compute.tolerance(1e-5) * loss)
        let worst = try worstGradient(gradients, mixed)
        #expect(worst.error <= compute.tolerance(1e-4), "\(worst.name) is off by \(worst.error)")
    }

    @Test(arguments: TestCompute.allCases)
    func lossAndEveryGradientOfASingleLayerHeadEqualPyTorch(_ compute: TestCompute) throws {
        let (golden, linear) = (try PretrainingFixture.golden("wsp"), try PretrainingFixture.golden("wsp-linear"))
        let fixture = PretrainingFixture(.wsp, head: .linear)
        let objective = WSPObjective(
            plan: fixture.plan, stage: fixture.stage, stageIndex: 1, backend: compute.backend)
        let gradients = BlockMemory(fixture.table)
        let loss = try objective.computeUnit(
            fixture.batch(golden.floats("images"), labels: labels(golden)), globalBatch: 3,
            weights: fixture.weights(from: golden, head: linear), gradients: gradients)
        #expect(abs(loss - Double(try linear.scalar("loss"))) < compute.tolerance(1e-5) * loss)
        let worst = try worstGradient(gradients, linear)
        #expect(worst.error <= compute.tolerance(1e-4), "\(worst.name) is off by \(worst.error)")
        #expect(fixture.table.blocks.last?.entries.map(\.name) == ["head.weight", "head.bias"])
    }

    @Test func aPartnerWithoutHashtagsLeavesItsShareOfTheLossOut() throws {
        var batch = fixture.randomBatch()
        var target = LabelTarget([[2], [], []])
        target.mix(lambda: 0.75)
        #expect(target.softLabels(of: 0) == [SoftLabel(label: 2, weight: 0.75)])
        #expect(target.softLabels(of: 1) == [SoftLabel(label: 2, weight: 0.25)])
        let loss = { (labels: [[Int]], lambda: Double) in
            var target = LabelTarget(labels)
            target.mix(lambda: lambda)
            batch.target = target
            return try objective().computeUnit(
                batch, globalBatch: 3, weights: fixture.perturbedWeights(), gradients: BlockMemory(fixture.table))
        }
        let own = try loss([[2], [], []], 1)
        let partners = try loss([[], [2], []], 1)
        let mixed = try loss([[2], [], []], 0.75)
        #expect(abs(mixed - (0.75 * own + 0.25 * partners)) < 1e-6)
    }

    @Test func blocksArePushedOnceEachInBackwardOrder() throws {
        let gradients = BlockMemory(fixture.table)
        _ = try objective().computeUnit(
            fixture.randomBatch(), globalBatch: 12, weights: fixture.perturbedWeights(), gradients: gradients)
        // The position table's gradient is ready before the patch embedding's.
        #expect(gradients.pushed == fixture.table.blocks.indices.reversed())
    }

    @Test func gradientsOfUnitsAddUpToTheGradientOfTheBatch() throws {
        let (weights, objective) = (fixture.perturbedWeights(), objective())
        let whole = BlockMemory(fixture.table)
        let batch = fixture.randomBatch(6)
        let loss = try objective.computeUnit(batch, globalBatch: 6, weights: weights, gradients: whole)
        let pixels = 3 * 12 * 12 * 3
        var (sum, lossSum) = ([Float](repeating: 0, count: whole.buffers[2].count), 0.0)
        for half in 0..<2 {
            let gradients = BlockMemory(fixture.table)
            let part = fixture.batch(
                Array(batch[.image].floats.array[half * pixels..<(half + 1) * pixels]),
                labels: Array(batch.target(as: LabelTarget.self).labels[half * 3..<half * 3 + 3]))
            lossSum += try objective.computeUnit(part, globalBatch: 6, weights: weights, gradients: gradients)
            sum = zip(sum, gradients.buffers[2].array).map(+)
        }
        #expect(abs(loss - lossSum) < 1e-6)
        #expect(relativeError(sum, whole.buffers[2].array) < 1e-5)
    }

    @Test func aSampleWithoutHashtagsHasNoLossAndNoGradient() throws {
        let gradients = BlockMemory(fixture.table)
        var batch = fixture.randomBatch()
        batch.target = LabelTarget([[], [], []])
        let loss = try objective().computeUnit(
            batch, globalBatch: 3, weights: fixture.perturbedWeights(), gradients: gradients)
        #expect(loss == 0)
        #expect(gradients.buffers.allSatisfy { $0.array.allSatisfy { $0 == 0 } })
    }

    @Test func aUnitsGradientIsTheSameEveryTime() throws {
        let runs = try (0..<2).map { _ in
            let gradients = BlockMemory(fixture.table)
            let loss = try objective().computeUnit(
                fixture.randomBatch(), globalBatch: 12, weights: fixture.perturbedWeights(), gradients: gradients)
            return ([loss], gradients.buffers.map(\.array))
        }
        #expect(runs[0].0 == runs[1].0)
        #expect(runs[0].1 == runs[1].1)
    }

    @Test func featuresEqualTimm() throws {
        let golden = try PretrainingFixture.golden("wsp")
        let linear = PretrainingFixture(.linear)
        let extractor = FeatureExtractor(linear.stage.image(in: linear.plan), backend: .reference(threads: 1))
        let features = try extractor.features(
            linear.batch(golden.floats("images")), weights: linear.weights(from: golden))
        #expect(relativeError(features, try golden.floats("features")) < 1e-5)
    }
}
