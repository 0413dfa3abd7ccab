import MawsBase
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor
import MawsTestSupport
import MawsTraining
import Testing

@Suite struct MAEObjectiveTests {
    private let fixture = PretrainingFixture(.mae)

    private func objective(
        _ compute: TestCompute = .reference, threads: Int = 1, keeps: KeptActivations = .everything
    ) -> MAEObjective {
        MAEObjective(
            plan: fixture.plan, stage: fixture.stage, stageIndex: 0, backend: compute.backend(threads: threads),
            keeps: keeps)
    }

    /// The masks of the golden file's noise.
    private func masking(_ golden: GoldenTensors) throws -> Masking {
        let noise = try golden.floats("noise")
        return Masking(
            noise: (0..<3).map { Array(noise[$0 * 9..<$0 * 9 + 9]) }, perImage: 9, ratio: 0.75)
    }

    @Test(arguments: TestCompute.allCases)
    func lossAndEveryGradientEqualTransformers(_ compute: TestCompute) throws {
        let golden = try PretrainingFixture.golden("mae")
        let gradients = BlockMemory(fixture.table)
        let loss = try objective(compute).computeUnit(
            fixture.batch(golden.floats("images")), masking: masking(golden), globalBatch: 3,
            weights: fixture.weights(from: golden), gradients: gradients)
        #expect(abs(loss - Double(try golden.scalar("loss"))) < compute.tolerance(1e-5) * loss)
        let worst = try worstGradient(gradients, golden)
        #expect(worst.error <= compute.tolerance(1e-4), "\(worst.name) is off by \(worst.error)")
    }

    @Test func blocksArePushedOnceEachInBackwardOrder() throws {
        let gradients = BlockMemory(fixture.table)
        _ = try objective().computeUnit(
            fixture.randomBatch(), globalBatch: 12, weights: BlockMemory(initial: fixture.table, seed: 1),
            gradients: gradients)
        let trainable = fixture.table.blocks.indices.filter { fixture.table.blocks[$0].isTrainable }
        #expect(gradients.pushed == trainable.reversed())
    }

    @Test func lossFallsAlongTheGradientAsItShould() throws {
        let (weights, gradients, objective) = (fixture.perturbedWeights(), BlockMemory(fixture.table), objective())
        let batch = fixture.randomBatch()
        _ = try objective.computeUnit(batch, globalBatch: 3, weights: weights, gradients: gradients)
        for block in fixture.table.blocks.indices where fixture.table.blocks[block].isTrainable {
            let gradient = gradients.buffers[block].array
            let size = innerProduct(gradient, gradient).squareRoot()
            let direction = gradient.map { $0 / Float(size) }
            let unused = BlockMemory(fixture.table)
            let slope = try difference(weights.buffers[block].all, direction) {
                try objective.computeUnit(batch, globalBatch: 3, weights: weights, gradients: unused)
            }
            #expect(abs(slope - size) <= 0.02 * size, "\(fixture.table.blocks[block].name): \(slope) for \(size)")
        }
    }

    /// Whoever computes a unit, with however many threads, and however little memory for activations.
    @Test(arguments: TestCompute.allCases)
    func aUnitsGradientDependsOnNeitherThreadsNorMemory(_ compute: TestCompute) throws {
        let batch = fixture.randomBatch(150)
        let settings: [(threads: Int, keeps: KeptActivations, keepsPackedWeights: Bool)] = [
            (1, .everything, true), (2, .everything, false), (3, .inputs, true), (1, .inputs, false),
        ]
        let runs = try settings.map { threads, keeps, keepsPackedWeights in
            let weights = BlockMemory(initial: fixture.table, seed: 1, keepsPackedWeights: keepsPackedWeights)
            let gradients = BlockMemory(fixture.table)
            let loss = try objective(compute, threads: threads, keeps: keeps).computeUnit(
                batch, globalBatch: 150, weights: weights, gradients: gradients)
            return (loss: loss, gradients: gradients.buffers.map(\.array))
        }
        for run in runs.dropFirst() {
            #expect(run.loss == runs[0].loss)
            #expect(run.gradients == runs[0].gradients)
        }
    }

    @Test func reconstructionKeepsVisiblePixelsAndChangesHiddenOnes() throws {
        let batch = fixture.randomBatch()
        let result = try objective().reconstruct(batch, weights: BlockMemory(initial: fixture.table, seed: 1))
        #expect(result.original.count == 3 * 3 * 12 * 12)
        let kept = zip(result.original, result.masked).filter { $0 == $1 }.count
        #expect(kept >= 3 * 2 * 48)
        let changed = zip(result.reconstructed, result.masked).filter { $0 != $1 }.count
        #expect(changed > 0 && changed <= 3 * 7 * 48)
        #expect(result.reconstructed.allSatisfy { $0 >= 0 && $0 <= 1 })
    }

    private func difference(
        _ x: FloatSlice, _ direction: [Float], _ loss: () throws -> Double
    ) throws -> Double {
        var failure: (any Error)?
        let slope = directionalDerivative(
            of: {
                do { return try loss() } catch {
                    failure = error
                    return 0
                }
            }, at: x, along: direction)
        if let failure { throw failure }
        return slope
    }
}
