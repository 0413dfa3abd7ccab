import MawsKernels
import MawsTensor
import MawsTestSupport
import Testing

/// What bfloat16 operands cost a layer: its results beside those of fp32 operands that were not rounded. The bounds are
/// `BFloat16Rounding`'s, with the roundings that lie between what goes in and what comes out. Attention's are in its
/// golden tests.
@Suite struct BFloat16ErrorTests {
    private let exact = ComputeBackend.reference(threads: 1)
    private let bfloat16 = ComputeBackend.oneDNN(threads: 1, operands: .bfloat16)
    private let memory = Workspace()

    private func rounded(_ values: [Float]) -> ActivationSlice {
        let slice = memory.take(values.count, .bfloat16)
        bfloat16.convert(slice, FloatBuffer(values).all)
        return slice
    }

    /// Both operands of each product are rounded, its sum is not.
    @Test func linearLayersAreOffByTheirOperandsRoundings() {
        let shape = LinearShape(rows: 96, inputs: 384, outputs: 160)
        let (x, dy) = (randomFloats(96 * 384, seed: 1), randomFloats(96 * 160, seed: 2))
        let weight = randomFloats(160 * 384, seed: 3)
        let (y, dx, dWeight) = (zeroSlice(dy.count), zeroSlice(x.count), zeroSlice(weight.count))
        exact.linearForward(y, FloatBuffer(x).all, FloatBuffer(weight).all, nil, residual: nil, shape)
        exact.linearBackward(dx, dWeight, nil, FloatBuffer(dy).all, FloatBuffer(x).all, FloatBuffer(weight).all, shape)

        let matrix = WeightMatrix(0..<weight.count, outputs: shape.outputs, inputs: shape.inputs)
        let weights = BlockWeights(FloatBuffer(weight))
        bfloat16.packForward(weights, [matrix])
        bfloat16.packBackward(weights, [matrix])
        let (roundedY, roundedX, roundedWeight) = (zeroSlice(dy.count), zeroSlice(x.count), zeroSlice(weight.count))
        bfloat16.linearForward(
            ActivationSlice(roundedY), rounded(x), weights, matrix, bias: nil, residual: nil, rows: shape.rows)
        bfloat16.linearBackward(
            ActivationSlice(roundedX), rounded(dy), weights, matrix, residual: nil, rows: shape.rows)
        bfloat16.weightGradient(roundedWeight, rounded(dy), rounded(x), outputs: 0..<shape.outputs, shape)
        let bound = BFloat16Rounding.bound(roundings: 2)
        #expect(relativeError(roundedY.array, y.array) < bound)
        #expect(relativeError(roundedX.array, dx.array) < bound)
        #expect(relativeError(roundedWeight.array, dWeight.array) < bound)
    }

    /// Computed in fp32 from fp32, rounded once for the product that follows.
    @Test func aNormIsOffByOneRounding() {
        let shape = RowShape(rows: 64, width: 192)
        let x = FloatBuffer(randomFloats(shape.count, seed: 1, scale: 3)).all
        let (gamma, beta) = (randomSlice(192, seed: 2), randomSlice(192, seed: 3))
        let (y, operand) = (zeroSlice(shape.count), memory.take(shape.count, .bfloat16))
        for (backend, wide, narrow) in [(exact, Optional(y), nil), (bfloat16, nil, Optional(operand))] {
            backend.layerNormForward(
                wide, operand: narrow, zeroSlice(64), zeroSlice(64), x, gamma, beta, epsilon: 1e-6, shape)
        }
        #expect(relativeError(operand.array, y.array) < BFloat16Rounding.bound(roundings: 1))
    }

    /// What goes in is rounded, and what comes out; the slope of GELU is at most 1.13. Its gradient has one more factor
    /// that was rounded.
    @Test func geluIsOffByItsRoundingsOnTheWayInAndOut() {
        let (x, dy) = (randomFloats(20_000, seed: 1, scale: 3), randomFloats(20_000, seed: 2))
        let (y, dx, again) = (zeroSlice(x.count), zeroSlice(x.count), zeroSlice(x.count))
        exact.geluForward(y, FloatBuffer(x).all)
        exact.geluBackward(dx, output: again, FloatBuffer(dy).all, FloatBuffer(x).all)
        let (roundedY, roundedX) = (memory.take(x.count, .bfloat16), memory.take(x.count, .bfloat16))
        bfloat16.geluForward(roundedY, rounded(x))
        #expect(relativeError(roundedY.array, y.array) < 1.13 * BFloat16Rounding.bound(roundings: 2))
        bfloat16.geluBackward(roundedX, output: roundedY, rounded(dy), rounded(x))
        #expect(relativeError(roundedX.array, dx.array) < BFloat16Rounding.bound(roundings: 3))
    }
}
