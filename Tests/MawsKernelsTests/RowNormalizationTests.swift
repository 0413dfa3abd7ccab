import MawsKernels
import MawsTensor
import MawsTestSupport
import Testing

@Suite struct RowNormalizationTests {
    private let shape = RowShape(rows: 5, width: 11)

    @Test func rowsHaveUnitLengthAndARowOfZerosStaysZero() {
        let (x, y) = (randomSlice(55, seed: 1), zeroSlice(55))
        x.part(0, 11).zero()
        RowNormalization.forward(y, zeroSlice(5), x, shape)
        for row in 0..<5 {
            let values = y.part(row * 11, 11).array
            #expect(abs(innerProduct(values, values) - (row == 0 ? 0 : 1)) < 1e-6)
        }
    }

    @Test func gradientEqualsDifferences() {
        let (x, dy) = (randomSlice(55, seed: 2, scale: 3), randomSlice(55, seed: 3))
        let (y, lengths, dx) = (zeroSlice(55), zeroSlice(5), zeroSlice(55))
        RowNormalization.forward(y, lengths, x, shape)
        RowNormalization.backward(dx, dy, y, lengths, shape)
        let numeric = directionalDerivative(
            of: {
                RowNormalization.forward(y, lengths, x, shape)
                return innerProduct(y.array, dy.array)
            }, at: x, along: unitDirection(dx.array))
        #expect(abs(numeric / innerProduct(dx.array, dx.array).squareRoot() - 1) < 3e-3)
    }
}
