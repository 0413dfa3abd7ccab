import Foundation
import MawsBase
import MawsOptimizer
import MawsTensor
import MawsTestSupport
import Testing

/// A bank of weights and moments for tests.
private struct Bank {
    let weights: FloatBuffer
    let first: FloatBuffer
    let second: FloatBuffer

    init(_ weights: [Float]) {
        self.weights = FloatBuffer(weights)
        first = FloatBuffer(count: weights.count)
        second = FloatBuffer(count: weights.count)
    }

    func slice(from element: Int) -> AdamWSlice {
        AdamWSlice(
            weights: weights.pointer + element, firstMoment: first.pointer + element,
            secondMoment: second.pointer + element)
    }
}

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
    private let optimizer = AdamW(beta1: 0.9, beta2: 0.98, epsilon: 1e-6, weightDecay: 0.1)

    private func golden() throws -> GoldenTensors {
        let folder = try #require(Bundle.module.url(forResource: "Golden", withExtension: nil))
        return try GoldenTensors(contentsOf: folder.appendingPathComponent("adamw.safetensors"))
    }

    /// Ten steps from bank to bank in slices of the given length; returns the banks in the order they end.
    private func run(sliceLength: Int, check: (Int, [Float]) throws -> Void = { _, _ in }) throws -> Bank {
        let golden = try golden()
        let rates = try golden.floats("rates").map { Double($0) }
        var current = Bank(try golden.floats("initial"))
        var next = Bank([Float](repeating: .nan, count: block.count))
        for step in 0..<10 {
            let gradient = FloatBuffer(try golden.floats("gradient.\(step)"))
            let squares = GradientNorm.chunkSquares(gradient.pointer, count: gradient.count)
            let norm = squares.reduce(0, +).squareRoot()
            let expected = Double(try golden.scalar("norm.\(step)"))
            #expect(abs(norm / expected - 1) < 1e-6)
            for start in stride(from: 0, to: block.count, by: sliceLength) {
                optimizer.update(
                    block: block, range: start..<min(start + sliceLength, block.count), step: StepIndex(UInt64(step)),
                    learningRate: rates[step], clipScale: GradientNorm.clipScale(norm: norm, clipNorm: 1),
                    gradient: gradient.pointer + start, from: current.slice(from: start), to: next.slice(from: start))
            }
            swap(&current, &next)
            try check(step, current.weights.array)
        }
        return current
    }

    @Test func tenStepsAgreeWithTorch() throws {
        let golden = try golden()
        let end = try run(sliceLength: block.count) { step, weights in
            let expected = try golden.floats("weight.\(step)")
            #expect(relativeError(weights, expected) < 1e-6)
        }
        let (first, second) = (try golden.floats("first"), try golden.floats("second"))
        #expect(relativeError(end.first.array, first) < 1e-6)
        #expect(relativeError(end.second.array, second) < 1e-6)
    }

    @Test(arguments: [1, 3, 8, 64, 100])
    func cutOfTheBlockDoesNotChangeABit(sliceLength: Int) throws {
        let whole = try run(sliceLength: block.count)
        let cut = try run(sliceLength: sliceLength)
        #expect(whole.weights.array == cut.weights.array)
        #expect(whole.first.array == cut.first.array)
        #expect(whole.second.array == cut.second.array)
    }

    @Test func updateInPlaceGivesTheBitsOfUpdateBetweenBanks() throws {
        let golden = try golden()
        let gradient = FloatBuffer(try golden.floats("gradient.0"))
        let (inPlace, source) = (Bank(try golden.floats("initial")), Bank(try golden.floats("initial")))
        let target = Bank(source.weights.array)
        for (from, to) in [(inPlace, inPlace), (source, target)] {
            optimizer.update(
                block: block, range: 0..<block.count, step: StepIndex(0), learningRate: 1e-3, clipScale: 1,
                gradient: gradient.pointer, from: from.slice(from: 0), to: to.slice(from: 0))
        }
        #expect(inPlace.weights.array == target.weights.array)
        let initial = try golden.floats("initial")
        #expect(source.weights.array == initial)
    }
}
