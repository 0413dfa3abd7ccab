import MawsKernels
import MawsTensor

/// A layer's backward pass: for each group, on one thread, the gradient of its input, and in `LayerGradients` what the
/// gradients of the parameters are made of; then those, of the whole unit at once.
extension TransformerLayer {
    /// Writes `dInput` [rows, width], which does not overlap `dOutput` [output rows, width].
    /// - Parameters:
    ///   - validTokens: as for attention, of the group's sequences.
    ///   - isTrained: false: the inputs of linear layers and the biases' sums are not made, as nobody asks for the
    ///     gradients of the parameters.
    func backward(
        _ dInput: FloatSlice, _ gradients: LayerGradients, _ dOutput: FloatSlice, _ saved: LayerActivations,
        _ weights: BlockWeights, validTokens: [Int]?, _ shape: TransformerShape, _ worker: ComputeBackend,
        isTrained: Bool = true
    ) {
        let mark = worker.scratch.mark
        let pass = LayerBackward(
            layer: self, gradients: gradients, saved: saved, weights: weights, validTokens: validTokens, shape: shape,
            sums: SumLayout(shape), worker: worker, isTrained: isTrained)
        switch order {
        case .preNorm: pass.preNorm(dInput, dOutput)
        case .postNorm: pass.postNorm(dInput, dOutput)
        }
        if isTrained { pass.sumBiases() }
        worker.scratch.release(to: mark)
    }
}

/// One group's backward pass under way.
///
/// A residual sum hands its gradient on as it is. In fp32 the gradient of what the projection (or the second layer of
/// the mlp) made is therefore the memory of the stream's gradient; with another operand type it is a copy, rounded
/// once.
private struct LayerBackward {
    let layer: TransformerLayer
    let gradients: LayerGradients
    let saved: LayerActivations
    let weights: BlockWeights
    let validTokens: [Int]?
    let shape: TransformerShape
    let sums: SumLayout
    let worker: ComputeBackend
    let isTrained: Bool

    private var names: TransformerParameters { layer.parameters }
    private var outputCount: Int { shape.outputRows * shape.width }

    /// The forward pass is middle = input + attention(norm1(input)); output = middle + mlp(norm2(middle)).
    /// - Parameters:
    ///   - dInput: [rows, width]
    ///   - dOutput: [output rows, width]
    func preNorm(_ dInput: FloatSlice, _ dOutput: FloatSlice) {
        // dOutput [output rows, width], also of the mlp's second layer
        if gradients.dOutput.element != .float32 { worker.convert(gradients.dOutput, dOutput) }
        // normed2 [output rows, width] = norm2(middle), for the gradient of the mlp's first weight
        recomputeNorm(gradients.hiddenInput, names.norm2, saved.statistics2, saved.middle)
        let dMiddle = gradients.dProjection.floats ?? worker.scratch.take(outputCount)
        // dNormed2 [output rows, width]
        let dNormed2 = worker.scratch.take(outputCount)
        mlp(dNormed2, residual: nil)
        // dMiddle [output rows, width] = dOutput + dNormed2 through norm2
        normBackward(
            dMiddle, names.norm2, (sums.norm2Weight, sums.norm2Bias), dNormed2, saved.middle, saved.statistics2,
            residual: dOutput)
        if gradients.dProjection.element != .float32 { worker.convert(gradients.dProjection, dMiddle) }
        // normed1 [rows, width] = norm1(input), for the gradient of qkv's weight
        recomputeNorm(gradients.qkvInput, names.norm1, saved.statistics1, saved.input)
        // dNormed1 [rows, width]
        let dNormed1 = worker.scratch.take(dInput.count)
        attention(dNormed1, residual: nil)
        // dInput [rows, width] = dMiddle + dNormed1 through norm1
        normBackward(
            dInput, names.norm1, (sums.norm1Weight, sums.norm1Bias), dNormed1, saved.input, saved.statistics1,
            residual: spread(dInput, dMiddle))
    }

    /// The forward pass is normed = norm1(input + attention(input)); output = norm2(normed + mlp(normed)).
    /// - Parameters:
    ///   - dInput: [rows, width]
    ///   - dOutput: [output rows, width]
    func postNorm(_ dInput: FloatSlice, _ dOutput: FloatSlice) {
        // dSum [output rows, width] = dOutput through norm2, also of the mlp's second layer
        let dSum = gradients.dOutput.floats ?? worker.scratch.take(outputCount)
        normBackward(
            dSum, names.norm2, (sums.norm2Weight, sums.norm2Bias), dOutput, saved.sum, saved.statistics2, residual: nil)
        if gradients.dOutput.element != .float32 { worker.convert(gradients.dOutput, dSum) }
        // normed [output rows, width] = norm1(middle), for the gradient of the mlp's first weight
        recomputeNorm(gradients.hiddenInput, names.norm1, saved.statistics1, saved.middle)
        // dNormed [output rows, width] = dSum + its gradient through the mlp
        let dNormed = worker.scratch.take(outputCount)
        mlp(dNormed, residual: dSum)
        // dMiddle [output rows, width] = dNormed through norm1
        let dMiddle = gradients.dProjection.floats ?? worker.scratch.take(outputCount)
        normBackward(
            dMiddle, names.norm1, (sums.norm1Weight, sums.norm1Bias), dNormed, saved.middle, saved.statistics1,
            residual: nil)
        if gradients.dProjection.element != .float32 { worker.convert(gradients.dProjection, dMiddle) }
        // dInput [rows, width] = dMiddle + its gradient through attention
        let residual = shape.queries < shape.tokens ? worker.scratch.take(dInput.count) : dMiddle
        attention(dInput, residual: spread(residual, dMiddle))
    }

    /// From gradients.dOutput to the gradient of the mlp's input [output rows, width], plus residual.
    private func mlp(_ dInput: FloatSlice, residual: FloatSlice?) {
        // dActivated [output rows, mlp] = dOutput [output rows, width] · output [width, mlp]
        worker.linearBackward(
            gradients.dHidden, gradients.dOutput, weights, names.output.weight, residual: nil, rows: shape.outputRows)
        // dHidden [output rows, mlp] = dActivated through gelu, in place; gelu(hidden) for the gradient of output's
        // weight
        worker.geluBackward(gradients.dHidden, output: gradients.outputInput, gradients.dHidden, saved.hidden)
        // dInput [output rows, width] = dHidden [output rows, mlp] · hidden [mlp, width] + residual
        worker.linearBackward(
            ActivationSlice(dInput), gradients.dHidden, weights, names.hidden.weight, residual: residual,
            rows: shape.outputRows)
    }

    /// From gradients.dProjection to the gradient of attention's input [rows, width], plus residual.
    private func attention(_ dInput: FloatSlice, residual: FloatSlice?) {
        // dAttention [output rows, width] = dProjection [output rows, width] · projection [width, width]
        let dAttention = worker.scratch.take(outputCount, worker.operands)
        worker.linearBackward(
            dAttention, gradients.dProjection, weights, names.projection.weight, residual: nil, rows: shape.outputRows)
        // dQKV [rows, 3 · width], zero where a token neither asked nor was attended to
        worker.attentionBackward(
            gradients.dQKV, dAttention, saved.logSumExp, saved.qkv, validTokens: validTokens, shape.attention)
        // dInput [rows, width] = dQKV [rows, 3 · width] · qkv [3 · width, width] + residual
        worker.linearBackward(
            ActivationSlice(dInput), gradients.dQKV, weights, names.qkv.weight, residual: residual, rows: shape.rows)
    }

    /// The gradients of the biases, summed over the group's rows.
    func sumBiases() {
        for (range, values) in [
            (sums.qkvBias, gradients.dQKV), (sums.projectionBias, gradients.dProjection),
            (sums.hiddenBias, gradients.dHidden), (sums.outputBias, gradients.dOutput),
        ] {
            worker.sumRows(
                gradients.sums.part(range), values, RowShape(rows: values.count / range.count, width: range.count))
        }
    }

    /// The residual's gradient [rows, width]: `dMiddle` [output rows, width], or in `memory` dMiddle at the rows of the
    /// queries and zero elsewhere.
    private func spread(_ memory: FloatSlice, _ dMiddle: FloatSlice) -> FloatSlice {
        if shape.queries == shape.tokens { return dMiddle }
        memory.zero()
        worker.scatterAddRows(memory, dMiddle, shape.queryRows, width: shape.width)
        return memory
    }

    /// y [rows, width] = norm(x [rows, width])
    private func recomputeNorm(
        _ y: ActivationSlice, _ norm: TransformerParameters.Norm, _ statistics: NormStatistics, _ x: FloatSlice
    ) {
        guard isTrained else { return }
        worker.layerNormRecompute(
            y, statistics.mean, statistics.rstd, x, weights.slice(norm.weight), weights.slice(norm.bias), rowShape(x))
    }

    /// dx [rows, width] = dy [rows, width] through the norm of x [rows, width], plus residual
    private func normBackward(
        _ dx: FloatSlice, _ norm: TransformerParameters.Norm, _ own: (weight: Range<Int>, bias: Range<Int>),
        _ dy: FloatSlice, _ x: FloatSlice, _ statistics: NormStatistics, residual: FloatSlice?
    ) {
        worker.layerNormBackward(
            dx, gradients.sums.part(own.weight), gradients.sums.part(own.bias), dy, x, statistics.mean,
            statistics.rstd, weights.slice(norm.weight), residual: residual, rowShape(x))
    }

    private func rowShape(_ x: FloatSlice) -> RowShape { RowShape(rows: x.count / shape.width, width: shape.width) }
}

/// The gradients of a layer's parameters, from what the backward passes of all groups left.
extension TransformerLayer {
    /// Rows of a weight whose gradient one thread computes at a time.
    private static let pieceOutputs = 384

    private struct Piece {
        var dWeight: FloatSlice
        var dy: ActivationSlice
        var x: ActivationSlice
        var outputs: Range<Int>
        var shape: LinearShape
    }

    /// Adds to `gradient`, the block's: dWeight [outputs, inputs] += dyᵀ · x over all rows of the unit for each weight,
    /// in pieces that all threads share, and the groups' sums for biases and norms.
    func addParameterGradients(
        to gradient: FloatBuffer, _ from: LayerGradients, _ saved: LayerActivations, _ shape: TransformerShape,
        _ backend: ComputeBackend
    ) {
        // The largest pieces first, so that threads end at nearly the same time.
        let pieces =
            pieces(parameters.output, gradient, from.dOutput, from.outputInput)
            + pieces(parameters.hidden, gradient, from.dHidden, from.hiddenInput)
            + pieces(parameters.qkv, gradient, from.dQKV, from.qkvInput)
            + pieces(parameters.projection, gradient, from.dProjection, saved.attention)
        backend.forEach(pieces.count) { index, worker in
            let piece = pieces[index]
            worker.weightGradient(piece.dWeight, piece.dy, piece.x, outputs: piece.outputs, piece.shape)
        }
        addSums(to: gradient, from.sums, SumLayout(shape), backend)
    }

    /// - Parameters:
    ///   - dy: [rows, outputs]
    ///   - x: [rows, inputs]
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

    /// The groups' sums over rows [groups, layout.count], in the order of the groups.
    private func addSums(
        to gradient: FloatBuffer, _ sums: FloatSlice, _ layout: SumLayout, _ backend: ComputeBackend
    ) {
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
