import MawsBase
import MawsKernels
import MawsTensor
import Testing

@Suite struct RowNormalizationTests {
    private let shape = RowShape(rows: 5, width: 11)

    private func random(_ element: UInt64) -> FloatBuffer {
        var random = CounterRandom(seed: 3, purpose: .test, element: element)
        return FloatBuffer((0..<shape.count).map { _ in 3 * random.uniform() - 1 })
    }

    private func normalised(_ x: [Float]) -> (rows: FloatBuffer, lengths: FloatBuffer) {
        let (rows, lengths) = (FloatBuffer(count: shape.count), FloatBuffer(count: shape.rows))
        RowNormalization.forward(rows.all, lengths.all, FloatBuffer(x).all, shape)
        return (rows, lengths)
    }

    @Test func rowsHaveUnitLengthAndARowOfZerosStaysZero() {
        var x = random(1).array
        for column in 0..<shape.width { x[column] = 0 }
        let rows = normalised(x).rows
        for row in 0..<shape.rows {
            let squares = (0..<shape.width).reduce(Float(0)) {
                $0 + rows[row * shape.width + $1] * rows[row * shape.width + $1]
            }
            #expect(abs(squares - (row == 0 ? 0 : 1)) < 1e-6)
        }
    }

    @Test func gradientAgreesWithFiniteDifferences() {
        let (x, direction) = (random(1).array, random(2))
        let output = normalised(x)
        let dx = FloatBuffer(count: shape.count)
        RowNormalization.backward(dx.all, direction.all, output.rows.all, output.lengths.all, shape)
        let numeric = directionalDerivative(x, along: dx.array, step: 1e-2) { point in
            let rows = normalised(point).rows
            return (0..<rows.count).reduce(0.0) { $0 + Double(rows[$1]) * Double(direction[$1]) }
        }
        #expect(abs(numeric.difference / numeric.slope - 1) < 1e-3)
    }
}
