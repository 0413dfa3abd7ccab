import Foundation
import MawsBase
import MawsOptimizer
import MawsTensor
import MawsTestSupport
import Testing

@Suite struct AdamWTests {
    private let block: ParameterBlock = {
        var builder = BlockBuilder("block")
        builder.add("weight", [7, 11], decays: true, .zeros)
        builder.add("bias", [13], decays: false, .zeros)
        builder.add("scaled", [5, 9], decays: true, .zeros)
        var block = builder.build()
        block.entries[2].learningRateScale = 0.65
        return block
    }()
    private let optimizer = WeightUpdate(
        OptimizerConfiguration(.adamw(beta1: 0.9, beta2: 0.98, epsilon: 1e-6), weightDecay: 0.1))

    private func golden() throws -> GoldenTensors {
        let folder = try #require(Bundle.module.url(forResource: "Golden", withExtension: nil))
        return try GoldenTensors(contentsOf: folder.appendingPathComponent("adamw.safetensors"))
    }

    /// Ten steps in slices of the given length; returns the state at the end.
    private func run(sliceLength: Int, check: (Int, [Float]) throws -> Void = { _, _ in }) throws -> TestState {
        let golden = try golden()
        let rates = try golden.floats("rates").map { Double($0) }
        var state = TestState(block, slots: WeightSlot.adamw(), weights: try golden.floats("initial"))
        for step in 0..<10 {
            let gradient = FloatBuffer(try golden.floats("gradient.\(step)"))
            let squares = GradientNorm.chunkSquares(gradient.pointer, count: gradient.count)
            let norm = squares.reduce(0, +).squareRoot()
            let expected = Double(try golden.scalar("norm.\(step)"))
            #expect(abs(norm / expected - 1) < 1e-6)
            state.update(
                optimizer, step: step, rate: rates[step], clip: GradientNorm.clipScale(norm: norm, clipNorm: 1),
                gradient.array, sliceLength: sliceLength)
            try check(step, state.weights)
        }
        return state
    }

    @Test func tenStepsAgreeWithTorch() throws {
        let golden = try golden()
        let end = try run(sliceLength: block.count) { step, weights in
            let expected = try golden.floats("weight.\(step)")
            #expect(relativeError(weights, expected) < 1e-6)
        }
        let (first, second) = (try golden.floats("first"), try golden.floats("second"))
        #expect(relativeError(end.decoded("exp_avg"), first) < 1e-6)
        #expect(relativeError(end.decoded("exp_avg_sq"), second) < 1e-6)
    }

    @Test(arguments: [1, 3, 8, 64, 100])
    func cutOfTheBlockDoesNotChangeABit(sliceLength: Int) throws {
        #expect(try run(sliceLength: sliceLength) == run(sliceLength: block.count))
    }

    /// Rows of a word table that no caption had take no memory for their moments: a store to the second page would end
    /// the process.
    @Test func momentsOfElementsThatNeverHadAGradientAreNotWritten() throws {
        let (pageBytes, count) = (4096, 2048)
        var builder = BlockBuilder("words")
        builder.add("table", [count], decays: true, .zeros)
        let table = BlockTable(blocks: [builder.build()], slots: WeightSlot.adamw())
        let moments = try (0..<2).map { _ in
            let memory = mmap(nil, 2 * pageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            let pages = try #require(memory)
            #expect(mprotect(pages + pageBytes, pageBytes, PROT_READ) == 0)
            return pages
        }
        defer { for pages in moments { munmap(pages, 2 * pageBytes) } }
        let weights = FloatBuffer((0..<count).map { 1 + Float($0) / 2048 })
        let gradient = FloatBuffer((0..<count).map { $0 < count / 2 ? 0.5 : 0 })
        let before = weights.array
        optimizer.update(
            0, of: table, range: 0..<count, step: StepIndex(0), learningRate: 0.01, clipScale: 1,
            weights: weights.pointer, gradient: gradient.pointer, next: weights.pointer,
            slots: zip(table.blocks[0].slots, moments).map {
                SlotSlice($0, of: table.blocks[0], slice: 0..<count, memory: $1)
            })
        #expect(moments.allSatisfy { $0.assumingMemoryBound(to: Float.self)[count / 2 - 1] > 0 })
        // They decay all the same.
        #expect(weights[count - 1] == before[count - 1] * Float(1 - 0.01 * 0.1))
        #expect(weights[0] < before[0] * 0.995)
    }
}
