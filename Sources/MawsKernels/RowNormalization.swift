import MawsTensor

/// Rows scaled to unit length, y = x / max(‖x‖, 1e-12), as torch.nn.functional.normalize.
package enum RowNormalization {
    private static let lengthMin: Float = 1e-12

    /// - Parameters:
    ///   - y: [rows, width]
    ///   - lengths: [rows], the divisor of each row, kept for the backward pass.
    ///   - x: [rows, width]
    package static func forward(_ y: FloatSlice, _ lengths: FloatSlice, _ x: FloatSlice, _ shape: RowShape) {
        precondition(y.count == shape.count && x.count == shape.count && lengths.count == shape.rows)
        for row in 0..<shape.rows {
            let source = x.pointer + row * shape.width
            let target = y.pointer + row * shape.width
            var squares = 0.0
            for column in 0..<shape.width { squares += Double(source[column]) * Double(source[column]) }
            let length = max(Float(squares.squareRoot()), lengthMin)
            lengths.pointer[row] = length
            for column in 0..<shape.width { target[column] = source[column] / length }
        }
    }

    /// dx [rows, width] = (dy - y (y · dy)) / ‖x‖; dy and y are [rows, width], lengths [rows]. `dx` may be `dy`.
    package static func backward(
        _ dx: FloatSlice, _ dy: FloatSlice, _ y: FloatSlice, _ lengths: FloatSlice, _ shape: RowShape
    ) {
        precondition(dx.count == shape.count && dy.count == shape.count && y.count == shape.count)
        precondition(lengths.count == shape.rows)
        for row in 0..<shape.rows {
            let start = row * shape.width
            let (gradient, unit, target) = (dy.pointer + start, y.pointer + start, dx.pointer + start)
            var product = 0.0
            for column in 0..<shape.width { product += Double(gradient[column]) * Double(unit[column]) }
            let along = Float(product)
            let length = lengths.pointer[row]
            for column in 0..<shape.width { target[column] = (gradient[column] - unit[column] * along) / length }
        }
    }
}
