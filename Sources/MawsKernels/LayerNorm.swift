internal import CVectorLoops
import MawsTensor

/// Rows of a piece in the backward pass, each with its own partial sums of the parameters' gradients.
private let partialGrain = 256

extension ComputeBackend {
    /// y [rows, width] = (x - mean) / sqrt(variance + epsilon) · gamma + beta for each row of x [rows, width]; keeps
    /// mean [rows] and reciprocal standard deviation rstd [rows].
    /// - Parameters:
    ///   - operand: [rows, width], the same once more in its own type, for a product to take.
    ///   - gamma, beta: [width]
    package func layerNormForward(
        _ y: FloatSlice?, operand: ActivationSlice? = nil, _ mean: FloatSlice, _ rstd: FloatSlice,
        _ x: FloatSlice, _ gamma: FloatSlice, _ beta: FloatSlice, epsilon: Float, _ shape: RowShape
    ) {
        let outputs = NormOutputs(y, operand, shape)
        precondition(x.count == shape.count && mean.count == shape.rows && rstd.count == shape.rows)
        precondition(gamma.count == shape.width && beta.count == shape.width)
        forEachRange(of: shape.rows, grain: rowGrain) { rows in
            let first = rows.lowerBound
            loops.layer_norm_forward(
                outputs.wide(first), outputs.bfloat16(first), mean.pointer + first, rstd.pointer + first,
                x.pointer + first * shape.width, gamma.pointer, beta.pointer, epsilon, rows.count, shape.width)
        }
    }

    /// The output of the norm [rows, width] once more, from x [rows, width] and what was kept: mean and rstd [rows].
    /// - Parameter gamma, beta: [width]
    package func layerNormRecompute(
        _ y: ActivationSlice, _ mean: FloatSlice, _ rstd: FloatSlice, _ x: FloatSlice, _ gamma: FloatSlice,
        _ beta: FloatSlice, _ shape: RowShape
    ) {
        let outputs = NormOutputs(nil, y, shape)
        precondition(x.count == shape.count && mean.count == shape.rows && rstd.count == shape.rows)
        precondition(gamma.count == shape.width && beta.count == shape.width)
        forEachRange(of: shape.rows, grain: rowGrain) { rows in
            let first = rows.lowerBound
            loops.layer_norm_recompute(
                outputs.wide(first), outputs.bfloat16(first), mean.pointer + first, rstd.pointer + first,
                x.pointer + first * shape.width, gamma.pointer, beta.pointer, rows.count, shape.width)
        }
    }

    /// dx [rows, width] = gradient through the norm + residual [rows, width]; dGamma and dBeta [width] are added to.
    /// `residual` may be dx; `dy` may be dx when there is no residual.
    /// - Parameters:
    ///   - dy, x: [rows, width]
    ///   - mean, rstd: [rows]
    ///   - gamma: [width]
    package func layerNormBackward(
        _ dx: FloatSlice, _ dGamma: FloatSlice?, _ dBeta: FloatSlice?, _ dy: FloatSlice, _ x: FloatSlice,
        _ mean: FloatSlice, _ rstd: FloatSlice, _ gamma: FloatSlice, residual: FloatSlice?, _ shape: RowShape
    ) {
        precondition(dx.count == shape.count && dy.count == shape.count && x.count == shape.count)
        precondition(mean.count == shape.rows && rstd.count == shape.rows && gamma.count == shape.width)
        let width = shape.width
        let pieces = (shape.rows + partialGrain - 1) / partialGrain
        let mark = scratch.mark
        let partials = scratch.takeZeros(pieces * 2 * width)
        forEachRange(of: shape.rows, grain: partialGrain) { rows in
            let first = rows.lowerBound
            let start = first * width
            let sums = partials.pointer + first / partialGrain * 2 * width
            loops.layer_norm_backward(
                dx.pointer + start, dGamma == nil ? nil : sums, dBeta == nil ? nil : sums + width, dy.pointer + start,
                x.pointer + start, mean.pointer + first, rstd.pointer + first, gamma.pointer,
                residual.map { $0.pointer + start }, rows.count, width)
        }
        if let dGamma { loops.sum_rows(dGamma.pointer, partials.pointer, pieces, width, 2 * width) }
        if let dBeta { loops.sum_rows(dBeta.pointer, partials.pointer + width, pieces, width, 2 * width) }
        scratch.release(to: mark)
    }
}

/// Where the rows of a norm's output go: to fp32, to bfloat16, or to both.
private struct NormOutputs {
    private let floats: UnsafeMutablePointer<Float>?
    private let elements: UnsafeMutablePointer<UInt16>?
    private let width: Int

    init(_ y: FloatSlice?, _ operand: ActivationSlice?, _ shape: RowShape) {
        precondition(y.map { $0.count == shape.count } ?? true && operand.map { $0.count == shape.count } ?? true)
        precondition(y == nil || operand?.floats == nil, "one fp32 output is enough")
        floats = (y ?? operand?.floats)?.pointer
        elements = operand?.element == .bfloat16 ? operand?.pointer.assumingMemoryBound(to: UInt16.self) : nil
        width = shape.width
    }

    func wide(_ row: Int) -> UnsafeMutablePointer<Float>? { floats.map { $0 + row * width } }
    func bfloat16(_ row: Int) -> UnsafeMutablePointer<UInt16>? { elements.map { $0 + row * width } }
}
