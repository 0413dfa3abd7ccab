import MawsKernels
import MawsTensor
import MawsTestSupport
import Testing

/// The fastest products of this machine beside oneDNN's, at sizes around the borders of tiles, panels and slabs.
@Suite struct PanelProductTests {
    struct Shape: CustomTestStringConvertible {
        var rows: Int
        var inputs: Int
        var outputs: Int
        var testDescription: String { "\(rows) × \(inputs) × \(outputs)" }
    }

    static let shapes = [
        (1, 2, 1), (7, 6, 15), (8, 16, 16), (9, 34, 17), (13, 48, 47), (16, 64, 48), (17, 62, 49), (31, 100, 96),
        (385, 98, 97), (769, 130, 50), (1537, 24, 113), (33, 770, 40), (5, 33, 19),
    ].map { Shape(rows: $0.0, inputs: $0.1, outputs: $0.2) }

    @Test(arguments: [ElementType.float32, .bfloat16], shapes)
    func forwardBackwardAndGradientAgreeWithTheLibrary(_ element: ElementType, _ shape: Shape) {
        let ours = results(.oneDNN(threads: 1, operands: element), element, shape)
        let library = results(.oneDNNAlone(threads: 1, operands: element), element, shape)
        for (ours, library) in zip(ours, library) {
            // A sum in another order ends in another fp32, which may round to the neighbouring bfloat16.
            #expect(relativeError(ours, library) < (element == .bfloat16 ? 1e-4 : 1e-6))
        }
    }

    @Test func nothingBehindAResultIsWritten() {
        let backend = ComputeBackend.oneDNN(threads: 1, operands: .bfloat16)
        for (rows, width) in [(9, 17), (8, 48), (3, 5)] {
            let buffer = FloatBuffer([Float](repeating: 7, count: rows * width + 32))
            let weights = BlockWeights(FloatBuffer(randomFloats(width * 16, seed: 1)))
            let matrix = WeightMatrix(0..<width * 16, outputs: width, inputs: 16)
            backend.packForward(weights, [matrix])
            backend.linearForward(
                ActivationSlice(buffer.slice(0..<rows * width)), activations(backend, .bfloat16, rows * 16, seed: 2),
                weights, matrix, bias: nil, residual: nil, rows: rows)
            #expect(buffer.slice(rows * width..<buffer.count).array.allSatisfy { $0 == 7 })
        }
    }

    private func activations(
        _ backend: ComputeBackend, _ element: ElementType, _ count: Int, seed: UInt64
    ) -> ActivationSlice {
        let slice = Workspace().take(count, element)
        backend.convert(slice, randomSlice(count, seed: seed))
        return slice
    }

    /// y with bias and residual, y in the operands' type, dx, and a gradient that is added to.
    private func results(_ backend: ComputeBackend, _ element: ElementType, _ shape: Shape) -> [[Float]] {
        let (rows, inputs, outputs) = (shape.rows, shape.inputs, shape.outputs)
        let matrix = WeightMatrix(0..<outputs * inputs, outputs: outputs, inputs: inputs)
        let weights = BlockWeights(FloatBuffer(randomFloats(outputs * inputs, seed: 1)))
        backend.packForward(weights, [matrix])
        backend.packBackward(weights, [matrix])
        let x = activations(backend, element, rows * inputs, seed: 2)
        let dy = activations(backend, element, rows * outputs, seed: 3)
        let (y, dx) = (zeroSlice(rows * outputs), zeroSlice(rows * inputs))
        let narrow = Workspace().take(rows * outputs, element)
        backend.linearForward(
            ActivationSlice(y), x, weights, matrix, bias: randomSlice(outputs, seed: 4),
            residual: randomSlice(rows * outputs, seed: 5), rows: rows)
        backend.linearForward(narrow, x, weights, matrix, bias: nil, residual: nil, rows: rows)
        backend.linearBackward(ActivationSlice(dx), dy, weights, matrix, residual: nil, rows: rows)
        let gradient = randomSlice(outputs * inputs, seed: 6)
        let half = (outputs + 1) / 2
        for part in [0..<half, half..<outputs] where !part.isEmpty {
            backend.weightGradient(
                gradient, dy, x, outputs: part, LinearShape(rows: rows, inputs: inputs, outputs: outputs))
        }
        return [y.array, narrow.array, dx.array, gradient.array]
    }
}
