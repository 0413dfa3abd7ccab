import MawsKernels
import MawsTensor

/// The gradients of a block's parameters, from what the backward passes of all groups left: one product over all rows
/// of the unit for each piece of a weight, in pieces that many threads share.
struct ParameterGradients {
    /// Rows of a weight whose gradient one thread computes at a time.
    private static let pieceOutputs = 384

    private struct Piece {
        var dWeight: FloatSlice
        var dy: ActivationSlice
        var x: ActivationSlice
        var outputs: Range<Int>
        var shape: LinearShape
    }

    let parameters: TransformerParameters
    let shape: TransformerShape
    let backend: ComputeBackend

    /// Adds to `gradient`, the block's.
    func add(to gradient: FloatBuffer, _ from: BlockGradients, _ kept: BlockActivations) {
        // The largest pieces first, so that threads end at nearly the same time.
        let pieces =
            pieces(parameters.output, gradient, from.dOutput, from.outputInput)
            + pieces(parameters.hidden, gradient, from.dHidden, from.hiddenInput)
            + pieces(parameters.qkv, gradient, from.dQKV, from.qkvInput)
            + pieces(parameters.projection, gradient, from.dProjection, kept.attention)
        backend.forEach(pieces.count) { index, lane in
            let piece = pieces[index]
            lane.weightGradient(piece.dWeight, piece.dy, piece.x, outputs: piece.outputs, piece.shape)
        }
        addSums(to: gradient, from.sums)
    }

    private func pieces(
        _ layer: TransformerParameters.Linear, _ gradient: FloatBuffer, _ dy: ActivationSlice, _ x: ActivationSlice
    ) -> [Piece] {
        let (outputs, inputs) = (layer.weight.outputs, layer.weight.inputs)
        let shape = LinearShape(rows: x.count / inputs, inputs: inputs, outputs: outputs)
        let count = (outputs + Self.pieceOutputs - 1) / Self.pieceOutputs
        return (0..<count).map { index in
            Piece(
                dWeight: gradient.slice(layer.weight.range), dy: dy, x: x,
                outputs: index * outputs / count..<(index + 1) * outputs / count, shape: shape)
        }
    }

    /// The groups' sums over rows, in the order of the groups.
    private func addSums(to gradient: FloatBuffer, _ sums: FloatSlice) {
        let layout = SumLayout(shape)
        let total = backend.scratch.takeZeros(layout.count)
        backend.sumRows(total, sums, RowShape(rows: sums.count / layout.count, width: layout.count))
        for (range, target) in [
            (layout.qkvBias, parameters.qkv.bias), (layout.projectionBias, parameters.projection.bias),
            (layout.hiddenBias, parameters.hidden.bias), (layout.outputBias, parameters.output.bias),
            (layout.norm1Weight, parameters.norm1.weight), (layout.norm1Bias, parameters.norm1.bias),
            (layout.norm2Weight, parameters.norm2.weight), (layout.norm2Bias, parameters.norm2.bias),
        ] {
            let slice = gradient.slice(target)
            backend.add(slice, slice, total.part(range))
        }
        backend.scratch.releaseAll()
    }
}
