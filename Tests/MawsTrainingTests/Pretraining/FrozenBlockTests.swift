import MawsBase
import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsSum
import MawsTensor
import MawsTestSupport
import MawsTraining
import Testing

/// A tower of which some blocks are trained: the others cost no memory, no push, and below the lowest no computation.
@Suite struct FrozenBlockTests {
    private final class Sink: GradientSink {
        private(set) var asked: [Int] = []
        private(set) var pushed: [Int: [Float]] = [:]

        func memory(for block: Int, count: Int) -> FloatBuffer? {
            asked.append(block)
            return nil
        }

        func push(_ block: Int, _ gradient: FloatBuffer) { pushed[block] = gradient.array }
        func push(_ block: Int, _ gradient: SparseGradient) { pushed[block] = gradient.dense().array }
    }

    private final class Weights: WeightSource {
        private let memory: BlockMemory
        var gathered: [Int] = []

        init(_ memory: BlockMemory) { self.memory = memory }

        func gather(_ block: Int) -> BlockWeights {
            gathered.append(block)
            return memory.gather(block)
        }

        func release(_ block: Int) {}
    }

    /// Trained blocks by name; whatever is not below `lowest` is gone through.
    private static let choices: [(trained: [String], lowest: String)] = [
        (["norm"], "norm"), (["block.1", "norm"], "block.1"), (["block.0"], "block.0"),
        (["position", "block.1"], "block.0"), (["embed"], "block.0"), ([], ""),
    ]

    @Test(arguments: choices, [KeptActivations.everything, .inputs])
    func trainedBlocksHaveTheGradientsOfAWhollyTrainedTower(
        _ choice: (trained: [String], lowest: String), _ keeps: KeptActivations
    ) throws {
        let fixture = PretrainingFixture(.wsp)
        var frozen = fixture.table
        for index in frozen.blocks.indices {
            frozen.blocks[index].isTrainable = choice.trained.contains(frozen.blocks[index].name)
        }
        let all = try backward(fixture, fixture.table, keeps)
        let some = try backward(fixture, frozen, keeps)
        let trained = frozen.blocks.indices.filter { frozen.blocks[$0].isTrainable }
        #expect(some.sink.pushed.keys.sorted() == trained && Set(some.sink.asked) == Set(trained))
        for block in trained {
            #expect(some.sink.pushed[block]?.map(\.bitPattern) == all.sink.pushed[block]?.map(\.bitPattern))
        }
        let lowest = frozen.index(of: choice.lowest) ?? frozen.blocks.count
        #expect(some.gathered.allSatisfy { $0 >= lowest })
    }

    private func backward(
        _ fixture: PretrainingFixture, _ table: BlockTable, _ keeps: KeptActivations
    ) throws -> (sink: Sink, gathered: [Int]) {
        let (model, backend, workspace) = (fixture.plan.model.image, TestCompute.reference.backend, Workspace())
        let tower = ImageTower(model, table: table, backend: backend, workspace: workspace)
        let weights = Weights(fixture.perturbedWeights())
        let batch = fixture.randomBatch()
        let features = try tower.forward(
            batch[.image].floats, visible: .all(model.patchCount, images: batch.count), output: .classToken,
            keeps: keeps,
            weights: weights)
        weights.gathered = []
        let sink = Sink()
        try tower.backward(
            FloatBuffer(randomFloats(features.count, seed: 9, scale: 1)).all, weights: weights, gradients: sink,
            buffers: GradientBuffers(backend: backend))
        return (sink, weights.gathered)
    }
}
