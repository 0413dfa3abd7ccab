internal import CVectorLoops
import MawsTensor

/// Rows of a piece in the backward pass, each with its own partial sums of the parameters' gradients.
private let partialGrain = 256

extension ReferenceBackend {
    public func layerNormForward(
        _ y: FloatSlice, _ mean: FloatSlice, _ reciprocal: FloatSlice, _ x: FloatSlice, _ gamma: FloatSlice,
        _ beta: FloatSlice, epsilon: Float, _ shape: RowShape
    ) {
        precondition(y.count == shape.count && x.count == shape.count)
        precondition(mean.count == shape.rows && reciprocal.count == shape.rows)
        precondition(gamma.count == shape.width && beta.count == shape.width)
        pool.forEachRange(of: shape.rows, grain: rowGrain) { rows in
            let first = rows.lowerBound
            let start = first * shape.width
            loops.layer_norm_forward(
                y.pointer + start, mean.pointer + first, reciprocal.pointer + first, x.pointer + start, gamma.pointer,
                beta.pointer, epsilon, rows.count, shape.width)
        }
    }

    public func layerNormBackward(
        _ dx: FloatSlice, _ dGamma: FloatSlice?, _ dBeta: FloatSlice?, _ dy: FloatSlice, _ x: FloatSlice,
        _ mean: FloatSlice, _ reciprocal: FloatSlice, _ gamma: FloatSlice, residual: FloatSlice?, _ shape: RowShape
    ) {
        precondition(dx.count == shape.count && dy.count == shape.count && x.count == shape.count)
        precondition(mean.count == shape.rows && reciprocal.count == shape.rows && gamma.count == shape.width)
        let width = shape.width
        let pieces = (shape.rows + partialGrain - 1) / partialGrain
        let partials = partialSums.take(pieces * 2 * width)
        partials.zero()
        pool.forEachRange(of: shape.rows, grain: partialGrain) { rows in
            let first = rows.lowerBound
            let start = first * width
            let sums = partials.pointer + first / partialGrain * 2 * width
            loops.layer_norm_backward(
                dx.pointer + start, dGamma == nil ? nil : sums, dBeta == nil ? nil : sums + width, dy.pointer + start,
                x.pointer + start, mean.pointer + first, reciprocal.pointer + first, gamma.pointer,
                residual.map { $0.pointer + start }, rows.count, width)
        }
        if let dGamma { loops.sum_rows(dGamma.pointer, partials.pointer, pieces, width, 2 * width) }
        if let dBeta { loops.sum_rows(dBeta.pointer, partials.pointer + width, pieces, width, 2 * width) }
        partialSums.releaseAll()
    }
}
