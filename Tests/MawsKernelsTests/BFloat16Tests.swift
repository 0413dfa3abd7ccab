import MawsKernels
import MawsTensor
import MawsTestSupport
import Testing

/// bfloat16 as torch has it: rounding to the nearest, ties to even, infinities and NaN kept.
@Suite struct BFloat16Tests {
    private let backend = ComputeBackend.oneDNN(threads: 1, operands: .bfloat16)

    private func rounded(_ values: [Float]) -> ActivationSlice {
        let slice = Workspace().take(values.count, .bfloat16)
        backend.convert(slice, FloatBuffer(values).all)
        return slice
    }

    @Test func roundingIsToTheNearestAndTiesGoToEven() {
        let step: Float = 1 / 128
        let values: [Float] = [1, 1 + step / 2, 1 + step * 1.5, 1 + step * 0.51, -1 - step / 2, 0, -0.0]
        let expected: [Float] = [1, 1, 1 + 2 * step, 1 + step, -1, 0, -0.0]
        #expect(rounded(values).array == expected)
    }

    @Test func infinitiesAndNotANumberStayWhatTheyAre() {
        let payload = Float(bitPattern: 0x7fff_ffff)
        let values = rounded([.infinity, -.infinity, .nan, payload, .greatestFiniteMagnitude]).array
        #expect(values[0] == .infinity && values[1] == -.infinity && values[4] == .infinity)
        #expect(values[2].isNaN && values[3].isNaN)
    }

    /// All lengths around the vectors' widths.
    @Test func everyElementIsConverted() {
        for count in 1...70 {
            let values = randomFloats(count, seed: UInt64(count))
            for (value, found) in zip(values, rounded(values).array) {
                #expect(abs(value - found) <= abs(value) / 256)
            }
        }
    }

    /// A product of bf16 operands is the fp32 product of the rounded ones, whether the CPU has it or it is emulated.
    @Test(arguments: [(1, 1, 1), (7, 33, 19), (130, 96, 200)])
    func linearLayersMultiplyRoundedOperands(_ rows: Int, _ inputs: Int, _ outputs: Int) {
        let (x, weight) = (randomFloats(rows * inputs, seed: 1), randomFloats(outputs * inputs, seed: 2))
        let (bias, residual) = (randomSlice(outputs, seed: 3), randomSlice(rows * outputs, seed: 4))
        let matrix = WeightMatrix(0..<outputs * inputs, outputs: outputs, inputs: inputs)
        let weights = BlockWeights(FloatBuffer(weight))
        backend.packForward(weights, [matrix])
        let y = zeroSlice(rows * outputs)
        backend.linearForward(
            ActivationSlice(y), rounded(x), weights, matrix, bias: bias, residual: residual, rows: rows)
        let expected = zeroSlice(rows * outputs)
        ComputeBackend.reference(threads: 1).linearForward(
            expected, FloatBuffer(rounded(x).array).all, FloatBuffer(rounded(weight).array).all, bias,
            residual: residual,
            LinearShape(rows: rows, inputs: inputs, outputs: outputs))
        #expect(relativeError(y.array, expected.array) < 1e-6)
    }

    @Test func refreshedWeightsAreRoundedAgain() {
        let weights = BlockWeights(FloatBuffer([2]))
        let matrix = WeightMatrix(0..<1, outputs: 1, inputs: 1)
        let y = zeroSlice(1)
        for value: Float in [2, 3] {
            weights.values[0] = value
            weights.refresh()
            backend.packForward(weights, [matrix])
            backend.linearForward(ActivationSlice(y), rounded([1]), weights, matrix, bias: nil, residual: nil, rows: 1)
            #expect(y[0] == value)
        }
    }
}
