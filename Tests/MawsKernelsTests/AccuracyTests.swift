import Foundation
import MawsKernels
import MawsTensor
import MawsTestSupport
import Testing

/// The elementary functions over their whole range, against the C library in Double.
@Suite struct AccuracyTests {
    private let inputs: [Float] = (-40_000...40_000).map { Float($0) / 4000 }

    @Test(arguments: instructionSets) func geluIsAccurateEverywhere(_ set: String) throws {
        let (x, y) = (FloatBuffer(inputs).all, zeroSlice(inputs.count))
        try backend(set).geluForward(y, x)
        for (input, output) in zip(inputs, y.array) {
            let exact = Double(input) * 0.5 * (1 + erf(Double(input) * 0.5.squareRoot()))
            #expect(abs(Double(output) - exact) <= 3e-7 * max(1, abs(Double(input))))
        }
    }

    @Test(arguments: instructionSets) func tanhIsAccurateEverywhere(_ set: String) throws {
        let (x, y) = (FloatBuffer(inputs).all, zeroSlice(inputs.count))
        try backend(set).tanhForward(y, x)
        for (input, output) in zip(inputs, y.array) {
            let exact = tanh(Double(input))
            #expect(abs(Double(output) - exact) <= 3e-7 * abs(exact))
        }
    }

    @Test(arguments: instructionSets) func softmaxRowsSumToOneAtAnyHeight(_ set: String) throws {
        for height: Float in [-1000, 0, 1000] {
            let x = FloatBuffer(randomFloats(77, seed: 1, scale: 20).map { $0 + height }).all
            let y = zeroSlice(77)
            try backend(set).softmaxForward(y, x, RowShape(rows: 1, width: 77))
            #expect(abs(y.array.reduce(0, +) - 1) < 1e-6)
            #expect(y.array.allSatisfy { $0 >= 0 && $0.isFinite })
        }
    }
}
