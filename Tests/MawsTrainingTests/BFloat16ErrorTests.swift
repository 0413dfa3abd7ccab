import MawsBase
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor
import MawsTestSupport
import MawsTraining
import Testing

/// What bfloat16 costs transformer blocks, one after the other: features, losses and every block's gradient beside
/// those of fp32. The bounds are `BFloat16Rounding`'s for the depth.
@Suite struct BFloat16ErrorTests {
    private let exact = ComputeBackend.reference(threads: 1)
    private let bfloat16 = ComputeBackend.oneDNN(threads: 1, operands: .bfloat16)

    private func fixture(_ kind: StageKind, depth: Int, decoderDepth: Int = 1) -> PretrainingFixture {
        let image = ImageModelPlan(
            preset: nil, patch: 4, size: 32, channels: 3, width: 96, depth: depth, heads: 3, mlp: 384,
            mean: [0, 0, 0], std: [1, 1, 1])
        return PretrainingFixture(kind, image, decoder: DecoderPlan(width: 64, depth: decoderDepth, heads: 2))
    }

    @Test(arguments: [1, 2, 4]) func featuresAreOffByTheRoundingsOfTheirBlocks(_ depth: Int) throws {
        let fixture = fixture(.linear, depth: depth)
        let (weights, batch) = (fixture.perturbedWeights(), fixture.randomBatch(6))
        let features = try [exact, bfloat16].map { backend in
            weights.refresh()
            return try FeatureExtractor(fixture.stage.image(in: fixture.plan), backend: backend)
                .features(batch, weights: weights)
        }
        #expect(relativeError(features[1], features[0]) < BFloat16Rounding.bound(blocks: depth))
    }

    /// A gradient has all blocks behind it, forward, and backward those above it.
    @Test(arguments: [StageKind.mae, .wsp], [1, 3])
    func gradientsOfImageBlocksAreOffByTheRoundingsBehindThem(_ kind: StageKind, _ depth: Int) throws {
        let decoderDepth = kind == .mae ? 2 : 0
        let fixture = fixture(kind, depth: depth, decoderDepth: max(1, decoderDepth))
        let batch = fixture.randomBatch(6)
        let units = try [exact, bfloat16].map { backend in
            let gradients = BlockMemory(trainableOf: fixture.table)
            let objective = StageObjective.make(
                plan: fixture.plan, stage: fixture.stage, stageIndex: 0, backend: backend, keeps: .everything)
            let loss = try objective.computeUnit(
                batch, globalBatch: 6, weights: fixture.perturbedWeights(), gradients: gradients)
            return (loss: loss, gradients: gradients)
        }
        let blocks = depth + decoderDepth
        #expect(abs(units[1].loss / units[0].loss - 1) < BFloat16Rounding.bound(blocks: blocks))
        try compare(units[1].gradients, units[0].gradients, blocks: blocks)
    }

    @Test(arguments: [1, 3]) func textBlocksAreOffByTheRoundingsBehindThem(_ depth: Int) throws {
        var plan = fixture(.wsp, depth: 1).plan
        let text = TextModelPlan(
            preset: nil, vocabulary: 200, context: 24, width: 96, depth: depth, heads: 3, mlp: 384, embedding: 64)
        plan.model.text = text
        plan.stages[0].task = LiTTask()
        let table = StageModel.table(plan.stages[0], in: plan)
        let weights = BlockMemory(initial: table, seed: 7)
        for (index, buffer) in weights.buffers.enumerated() {
            let noise = randomFloats(buffer.count, seed: UInt64(index), scale: 0.05)
            for position in 0..<buffer.count { buffer[position] += noise[position] }
        }
        let captions = TextBatch(tokens: (0..<5 * 24).map { 4 + Int32($0 * 37 % 190) }, context: 24)
        let dBegin = randomSlice(5 * 96, seed: 9)
        let passes = try [exact, bfloat16].map { backend in
            weights.refresh()
            let (tower, gradients) = (
                TextTower(text, table: table, backend: backend), BlockMemory(trainableOf: table)
            )
            let pass = try tower.forward(captions, keeps: .everything, workspace: Workspace(), weights: weights)
            let begin = pass.begin.array
            let buffers = GradientBuffers(backend: backend)
            try tower.backward(dBegin, pass, weights: weights, gradients: gradients, buffers: buffers)
            return (begin: begin, gradients: gradients)
        }
        #expect(relativeError(passes[1].begin, passes[0].begin) < BFloat16Rounding.bound(blocks: depth))
        try compare(passes[1].gradients, passes[0].gradients, blocks: depth)
    }

    private func compare(_ values: BlockMemory, _ reference: BlockMemory, blocks: Int) throws {
        try #require(!values.pushed.isEmpty && values.pushed == reference.pushed)
        for block in values.pushed {
            let error = relativeError(values.buffers[block].array, reference.buffers[block].array)
            let name = values.table.blocks[block].name
            #expect(error < BFloat16Rounding.bound(blocks: blocks, isGradient: true), "gradient of \(name)")
        }
    }
}
