import MawsBase
import MawsKernels
import MawsTensor

/// A linear layer without bias into the shared space, then rows of unit length.
struct ProjectionHead {
    /// Unit-length rows [rows, outputs] and the lengths they had.
    struct Output {
        let rows: FloatBuffer
        let lengths: FloatBuffer
    }

    let inputs: Int
    let outputs: Int
    let backend: any ComputeBackend

    /// - Parameters:
    ///   - x: [rows, inputs].
    ///   - weight: the block's only parameter, [outputs, inputs].
    func forward(_ x: FloatBuffer, _ weight: FloatBuffer) -> Output {
        let rows = x.count / inputs
        let result = Output(rows: FloatBuffer(count: rows * outputs), lengths: FloatBuffer(count: rows))
        backend.linearForward(result.rows.all, x.all, weight.all, nil, residual: nil, shape(rows))
        RowNormalization.forward(
            result.rows.all, result.lengths.all, result.rows.all, RowShape(rows: rows, width: outputs))
        return result
    }

    /// - Parameters:
    ///   - dx: gradient of the input, not computed where nil.
    ///   - dWeight: added to.
    ///   - dRows: gradient of the unit-length rows, overwritten.
    func backward(
        _ dx: FloatBuffer?, _ dWeight: FloatBuffer, _ dRows: FloatBuffer, _ x: FloatBuffer, _ output: Output,
        _ weight: FloatBuffer
    ) {
        let rows = x.count / inputs
        RowNormalization.backward(
            dRows.all, dRows.all, output.rows.all, output.lengths.all, RowShape(rows: rows, width: outputs))
        backend.linearBackward(dx?.all, dWeight.all, nil, dRows.all, x.all, weight.all, shape(rows))
    }

    private func shape(_ rows: Int) -> LinearShape { LinearShape(rows: rows, inputs: inputs, outputs: outputs) }
}
