import MawsBase
import MawsKernels
import MawsTensor

/// A linear layer without bias into the shared space, then rows of unit length.
struct ProjectionHead {
    /// Unit-length rows [rows, outputs] and the lengths they had, in the memory of a workspace.
    struct Output {
        let rows: FloatSlice
        let lengths: FloatSlice
    }

    let inputs: Int
    let outputs: Int
    let backend: ComputeBackend

    /// - Parameters:
    ///   - x: [rows, inputs].
    ///   - weights: of a block whose only parameter is [outputs, inputs].
    func forward(_ x: FloatSlice, _ weights: BlockWeights, _ workspace: Workspace) -> Output {
        let rows = x.count / inputs
        let result = Output(rows: workspace.take(rows * outputs), lengths: workspace.take(rows))
        backend.linearForward(result.rows, x, weights.values.all, nil, residual: nil, shape(rows))
        RowNormalization.forward(result.rows, result.lengths, result.rows, RowShape(rows: rows, width: outputs))
        return result
    }

    /// - Parameters:
    ///   - dx: gradient of the input, not computed where nil.
    ///   - dWeight: added to.
    ///   - dRows: gradient of the unit-length rows, overwritten.
    func backward(
        _ dx: FloatSlice?, _ dWeight: FloatBuffer, _ dRows: FloatSlice, _ x: FloatSlice, _ output: Output,
        _ weights: BlockWeights
    ) {
        let rows = x.count / inputs
        RowNormalization.backward(
            dRows, dRows, output.rows, output.lengths, RowShape(rows: rows, width: outputs))
        backend.linearBackward(dx, dWeight.all, nil, dRows, x, weights.values.all, shape(rows))
    }

    private func shape(_ rows: Int) -> LinearShape { LinearShape(rows: rows, inputs: inputs, outputs: outputs) }
}
