import MawsKernels
import MawsTensor

/// The backward pass of one group: the gradient of its input, and in `BlockGradients` what those of the parameters are
/// made of.
extension TransformerBlock {
    /// Writes `dInput` [rows, width], which does not overlap `dOutput` [output rows, width].
    func backward(
        _ dInput: FloatSlice, _ gradients: BlockGradients, _ dOutput: FloatSlice, _ saved: BlockActivations,
        _ weights: BlockWeights, validTokens: [Int]?, _ shape: TransformerShape, _ lane: ComputeBackend
    ) {
        let mark = lane.scratch.mark
        let backward = GroupBackward(
            block: self, gradients: gradients, saved: saved, weights: weights, validTokens: validTokens, shape: shape,
            sums: SumLayout(shape), lane: lane)
        switch order {
        case .before: backward.normsBefore(dInput, dOutput)
        case .after: backward.normsAfter(dInput, dOutput)
        }
        backward.sumBiases()
        lane.scratch.release(to: mark)
    }
}

/// One group's backward pass under way.
private struct GroupBackward {
    let block: TransformerBlock
    let gradients: BlockGradients
    let saved: BlockActivations
    let weights: BlockWeights
    let validTokens: [Int]?
    let shape: TransformerShape
    let sums: SumLayout
    let lane: ComputeBackend

    private var names: TransformerParameters { block.parameters }
    private var outputCount: Int { shape.outputRows * shape.width }

    func normsBefore(_ dInput: FloatSlice, _ dOutput: FloatSlice) {
        if gradients.dOutput.element != .float32 { lane.convert(gradients.dOutput, dOutput) }
        normAgain(gradients.hiddenInput, names.norm2, saved.statistics2, saved.middle)
        let dMiddle = gradients.dProjection.floats ?? lane.scratch.take(outputCount)
        let dNormed = lane.scratch.take(outputCount)
        perceptron(dNormed, residual: nil)
        normBackward(
            dMiddle, names.norm2, (sums.norm2Weight, sums.norm2Bias), dNormed, saved.middle, saved.statistics2,
            residual: dOutput)
        if gradients.dProjection.element != .float32 { lane.convert(gradients.dProjection, dMiddle) }
        normAgain(gradients.qkvInput, names.norm1, saved.statistics1, saved.input)
        let dOperand = lane.scratch.take(dInput.count)
        attention(dOperand, residual: nil)
        normBackward(
            dInput, names.norm1, (sums.norm1Weight, sums.norm1Bias), dOperand, saved.input, saved.statistics1,
            residual: spread(dInput, dMiddle))
    }

    func normsAfter(_ dInput: FloatSlice, _ dOutput: FloatSlice) {
        let dSum = gradients.dOutput.floats ?? lane.scratch.take(outputCount)
        normBackward(
            dSum, names.norm2, (sums.norm2Weight, sums.norm2Bias), dOutput, saved.sum, saved.statistics2, residual: nil)
        if gradients.dOutput.element != .float32 { lane.convert(gradients.dOutput, dSum) }
        normAgain(gradients.hiddenInput, names.norm1, saved.statistics1, saved.middle)
        let dNormed = lane.scratch.take(outputCount)
        perceptron(dNormed, residual: dSum)
        let dMiddle = gradients.dProjection.floats ?? lane.scratch.take(outputCount)
        normBackward(
            dMiddle, names.norm1, (sums.norm1Weight, sums.norm1Bias), dNormed, saved.middle, saved.statistics1,
            residual: nil)
        if gradients.dProjection.element != .float32 { lane.convert(gradients.dProjection, dMiddle) }
        let residual = shape.queries < shape.tokens ? lane.scratch.take(dInput.count) : dMiddle
        attention(dInput, residual: spread(residual, dMiddle))
    }

    /// From gradients.dOutput to the gradient of the perceptron's input, plus residual.
    private func perceptron(_ dInput: FloatSlice, residual: FloatSlice?) {
        lane.linearBackward(
            gradients.dHidden, gradients.dOutput, weights, names.output.weight, residual: nil, rows: shape.outputRows)
        lane.geluBackward(gradients.dHidden, output: gradients.outputInput, gradients.dHidden, saved.hidden)
        lane.linearBackward(
            ActivationSlice(dInput), gradients.dHidden, weights, names.hidden.weight, residual: residual,
            rows: shape.outputRows)
    }

    /// From gradients.dProjection to the gradient of attention's input, plus residual.
    private func attention(_ dInput: FloatSlice, residual: FloatSlice?) {
        let dAttention = lane.scratch.take(outputCount, lane.operands)
        lane.linearBackward(
            dAttention, gradients.dProjection, weights, names.projection.weight, residual: nil, rows: shape.outputRows)
        lane.attentionBackward(
            gradients.dQKV, dAttention, saved.logSumExp, saved.qkv, validTokens: validTokens, shape.attention)
        lane.linearBackward(
            ActivationSlice(dInput), gradients.dQKV, weights, names.qkv.weight, residual: residual, rows: shape.rows)
    }

    /// The residual's gradient over all rows: `dMiddle`, or in `memory` dMiddle at the rows of the queries and zero
    /// elsewhere.
    private func spread(_ memory: FloatSlice, _ dMiddle: FloatSlice) -> FloatSlice {
        if shape.queries == shape.tokens { return dMiddle }
        memory.zero()
        lane.scatterAddRows(memory, dMiddle, shape.queryRows, width: shape.width)
        return memory
    }

    private func normAgain(
        _ y: ActivationSlice, _ layer: TransformerParameters.Norm, _ statistics: NormStatistics, _ x: FloatSlice
    ) {
        lane.layerNormAgain(
            y, statistics.mean, statistics.reciprocal, x, weights.slice(layer.weight), weights.slice(layer.bias),
            rowShape(x))
    }

    private func normBackward(
        _ dx: FloatSlice, _ layer: TransformerParameters.Norm, _ own: (weight: Range<Int>, bias: Range<Int>),
        _ dy: FloatSlice, _ x: FloatSlice, _ statistics: NormStatistics, residual: FloatSlice?
    ) {
        lane.layerNormBackward(
            dx, gradients.sums.part(own.weight), gradients.sums.part(own.bias), dy, x, statistics.mean,
            statistics.reciprocal, weights.slice(layer.weight), residual: residual, rowShape(x))
    }

    func sumBiases() {
        for (range, values) in [
            (sums.qkvBias, gradients.dQKV), (sums.projectionBias, gradients.dProjection),
            (sums.hiddenBias, gradients.dHidden), (sums.outputBias, gradients.dOutput),
        ] {
            lane.sumRows(
                gradients.sums.part(range), values, RowShape(rows: values.count / range.count, width: range.count))
        }
    }

    private func rowShape(_ x: FloatSlice) -> RowShape { RowShape(rows: x.count / shape.width, width: shape.width) }
}
