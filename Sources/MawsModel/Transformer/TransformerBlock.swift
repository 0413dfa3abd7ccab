import MawsBase
import MawsKernels
import MawsTensor

/// A transformer block's arithmetic on one group of sequences and one thread.
///
/// The residual stream is fp32; what enters a product has the backend's operand type.
struct TransformerBlock {
    /// As timm and facebookresearch/mae have it, and `layer_norm_eps` of XLM-R.
    static let imageEpsilon: Float = 1e-6
    static let textEpsilon: Float = 1e-5

    let parameters: TransformerParameters
    let order: NormOrder
    let epsilon: Float

    init(image block: ParameterBlock) {
        (parameters, order, epsilon) = (TransformerParameters(image: block), .before, Self.imageEpsilon)
    }

    init(text block: ParameterBlock) {
        (parameters, order, epsilon) = (TransformerParameters(text: block), .after, Self.textEpsilon)
    }

    /// Fills `saved` and `output` [output rows, width] from `saved.input`.
    /// - Parameters:
    ///   - output: nil where only `saved` is wanted, to go backward.
    ///   - validTokens: as for attention, of the group's sequences.
    func forward(
        _ output: FloatSlice?, _ saved: BlockActivations, _ weights: BlockWeights, validTokens: [Int]?,
        _ shape: TransformerShape, _ lane: ComputeBackend
    ) {
        let mark = lane.scratch.mark
        defer { lane.scratch.release(to: mark) }
        switch order {
        case .before: forwardNormsBefore(output, saved, weights, validTokens, shape, lane)
        case .after: forwardNormsAfter(output, saved, weights, validTokens, shape, lane)
        }
    }

    private func forwardNormsBefore(
        _ output: FloatSlice?, _ saved: BlockActivations, _ weights: BlockWeights, _ validTokens: [Int]?,
        _ shape: TransformerShape, _ lane: ComputeBackend
    ) {
        let operand1 = lane.scratch.take(shape.rows * shape.width, lane.operands)
        norm(parameters.norm1, nil, operand1, saved.statistics1, saved.input, weights, lane)
        attend(operand1, saved, weights, validTokens, shape, lane)
        let operand2 = lane.scratch.take(shape.outputRows * shape.width, lane.operands)
        norm(parameters.norm2, nil, operand2, saved.statistics2, saved.middle, weights, lane)
        linear(parameters.hidden, saved.hidden, operand2, residual: nil, weights, lane)
        if let output { finish(output, saved.hidden, residual: saved.middle, weights, lane) }
    }

    private func forwardNormsAfter(
        _ output: FloatSlice?, _ saved: BlockActivations, _ weights: BlockWeights, _ validTokens: [Int]?,
        _ shape: TransformerShape, _ lane: ComputeBackend
    ) {
        if saved.inputOperand.element != .float32 { lane.convert(saved.inputOperand, saved.input) }
        attend(saved.inputOperand, saved, weights, validTokens, shape, lane)
        let operand2 = lane.scratch.take(shape.outputRows * shape.width, lane.operands)
        let residual = operand2.floats ?? lane.scratch.take(shape.outputRows * shape.width)
        norm(
            parameters.norm1, residual, operand2.floats == nil ? operand2 : nil, saved.statistics1, saved.middle,
            weights,
            lane)
        linear(parameters.hidden, saved.hidden, operand2, residual: nil, weights, lane)
        finish(saved.sum, saved.hidden, residual: residual, weights, lane)
        norm(parameters.norm2, output, nil, saved.statistics2, saved.sum, weights, lane)
    }

    /// saved.middle = saved.input + attention(operand)
    private func attend(
        _ operand: ActivationSlice, _ saved: BlockActivations, _ weights: BlockWeights, _ validTokens: [Int]?,
        _ shape: TransformerShape, _ lane: ComputeBackend
    ) {
        linear(parameters.qkv, saved.qkv, operand, residual: nil, weights, lane)
        lane.attentionForward(
            saved.attention, saved.logSumExp, saved.qkv, validTokens: validTokens, shape.attention)
        var residual = saved.input
        if shape.queries < shape.tokens {
            residual = lane.scratch.take(shape.outputRows * shape.width)
            lane.gatherRows(residual, saved.input, shape.queryRows, width: shape.width)
        }
        linear(
            parameters.projection, ActivationSlice(saved.middle), saved.attention, residual: residual, weights, lane)
    }

    /// output = residual + the perceptron's second layer of gelu(hidden)
    private func finish(
        _ output: FloatSlice, _ hidden: ActivationSlice, residual: FloatSlice, _ weights: BlockWeights,
        _ lane: ComputeBackend
    ) {
        let activated = lane.scratch.take(hidden.count, hidden.element)
        lane.geluForward(activated, hidden)
        linear(parameters.output, ActivationSlice(output), activated, residual: residual, weights, lane)
    }

    private func linear(
        _ layer: TransformerParameters.Linear, _ y: ActivationSlice, _ x: ActivationSlice, residual: FloatSlice?,
        _ weights: BlockWeights, _ lane: ComputeBackend
    ) {
        lane.linearForward(
            y, x, weights, layer.weight, bias: weights.slice(layer.bias), residual: residual,
            rows: x.count / layer.weight.inputs)
    }

    private func norm(
        _ layer: TransformerParameters.Norm, _ y: FloatSlice?, _ operand: ActivationSlice?,
        _ statistics: NormStatistics, _ x: FloatSlice, _ weights: BlockWeights, _ lane: ComputeBackend
    ) {
        let width = layer.weight.count
        lane.layerNormForward(
            y, operand: operand, statistics.mean, statistics.reciprocal, x, weights.slice(layer.weight),
            weights.slice(layer.bias), epsilon: epsilon, RowShape(rows: x.count / width, width: width))
    }
}
