import Foundation
import MawsBase
import MawsOptimizer
import MawsTensor
import MawsTestSupport
import Testing

@Suite struct AdamWTests {
    private let table: BlockTable = {
        var builder = BlockBuilder("block")
        builder.add("weight", [7, 11], decays: true, .zeros)
        builder.add("bias", [13], decays: false, .zeros)
        builder.add("scaled", [5, 9], decays: true, .zeros)
        var block = builder.build()
        block.entries[2].learningRateScale = 0.65
        return BlockTable(blocks: [block])
    }()
    private let optimizer = AdamW(beta1: 0.9, beta2: 0.98, epsilon: 1e-6, weightDecay: 0.1)

    private func golden() throws -> GoldenTensors {
        let folder = try #require(Bundle.module.url(forResource: "Golden", withExtension: nil))
        return try GoldenTensors(contentsOf: folder.appendingPathComponent("adamw.safetensors"))
    }

    /// Ten steps in slices of the given length; returns the state at the end.
    private func run(sliceLength: Int, check: (Int, [Float]) throws -> Void = { _, _ in }) throws -> TestState {
        let golden = try golden()
        let rates = try golden.floats("rates").map { Double($0) }
        var state = TestState(table, weights: try golden.floats("initial"))
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
        let end = try run(sliceLength: table.parameterCount) { step, weights in
            let expected = try golden.floats("weight.\(step)")
            #expect(relativeError(weights, expected) < 1e-6)
        }
        let (first, second) = (try golden.floats("first"), try golden.floats("second"))
        #expect(relativeError(end.decoded(.firstMoment), first) < 1e-6)
        #expect(relativeError(end.decoded(.secondMoment), second) < 1e-6)
    }

    @Test(arguments: [1, 3, 8, 64, 100])
    func cutOfTheBlockDoesNotChangeABit(sliceLength: Int) throws {
        #expect(try run(sliceLength: sliceLength) == run(sliceLength: table.parameterCount))
    }
}
