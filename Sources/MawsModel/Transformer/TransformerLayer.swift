import MawsBase
import MawsKernels
import MawsTensor

/// A transformer layer's arithmetic on one group of sequences and one thread: its forward pass here, its backward pass
/// in `TransformerLayer+Backward`.
///
/// The residual stream is fp32; what enters a product has the backend's operand type. Rows are [batch · tokens], output
/// rows [batch · queries]: a last layer may compute some tokens only.
struct TransformerLayer {
    /// As timm and facebookresearch/mae have it, and `layer_norm_eps` of XLM-R.
    static let imageEpsilon: Float = 1e-6
    static let textEpsilon: Float = 1e-5

    let parameters: TransformerParameters
    let order: NormOrder
    let epsilon: Float

    init(image block: ParameterBlock) {
        (parameters, order, epsilon) = (TransformerParameters(image: block), .preNorm, Self.imageEpsilon)
    }

    init(text block: ParameterBlock) {
        (parameters, order, epsilon) = (TransformerParameters(text: block), .postNorm, Self.textEpsilon)
    }

    /// Fills `saved` and `output` from `saved.input` [rows, width].
    /// - Parameters:
    ///   - output: [output rows, width]; nil where only `saved` is wanted, to go backward.
    ///   - validTokens: as for attention, of the group's sequences.
    func forward(
        _ output: FloatSlice?, _ saved: LayerActivations, _ weights: BlockWeights, validTokens: [Int]?,
        _ shape: TransformerShape, _ worker: ComputeBackend
    ) {
        let mark = worker.scratch.mark
        let pass = LayerForward(
            layer: self, saved: saved, weights: weights, validTokens: validTokens, shape: shape, worker: worker)
        switch order {
        case .preNorm: pass.preNorm(output)
        case .postNorm: pass.postNorm(output)
        }
        worker.scratch.release(to: mark)
    }
}

/// One group's forward pass under way.
private struct LayerForward {
    let layer: TransformerLayer
    let saved: LayerActivations
    let weights: BlockWeights
    let validTokens: [Int]?
    let shape: TransformerShape
    let worker: ComputeBackend

    private var names: TransformerParameters { layer.parameters }
    private var outputCount: Int { shape.outputRows * shape.width }

    /// middle = input + attention(norm1(input)); output [output rows, width] = middle + mlp(norm2(middle))
    func preNorm(_ output: FloatSlice?) {
        // normed1 [rows, width] = norm1(input [rows, width])
        let normed1 = worker.scratch.take(shape.rows * shape.width, worker.operands)
        norm(names.norm1, nil, normed1, saved.statistics1, saved.input)
        // qkv [rows, 3 · width] = normed1 · qkvᵀ + bias
        linear(names.qkv, saved.qkv, normed1, residual: nil)
        // attention [output rows, width] = softmax(query · keyᵀ / sqrt(headWidth)) · value
        worker.attentionForward(
            saved.attention, saved.logSumExp, saved.qkv, validTokens: validTokens, shape.attention)
        // middle [output rows, width] = input + attention · projectionᵀ + bias
        let residual = queryRows(saved.input)
        linear(names.projection, ActivationSlice(saved.middle), saved.attention, residual: residual)
        // normed2 [output rows, width] = norm2(middle)
        let normed2 = worker.scratch.take(outputCount, worker.operands)
        norm(names.norm2, nil, normed2, saved.statistics2, saved.middle)
        // hidden [output rows, mlp] = normed2 · hiddenᵀ + bias
        linear(names.hidden, saved.hidden, normed2, residual: nil)
        guard let output else { return }
        // activated [output rows, mlp] = gelu(hidden)
        let activated = worker.scratch.take(saved.hidden.count, saved.hidden.element)
        worker.geluForward(activated, saved.hidden)
        // output [output rows, width] = middle + activated · outputᵀ + bias
        linear(names.output, ActivationSlice(output), activated, residual: saved.middle)
    }

    /// normed = norm1(input + attention(input)); output [output rows, width] = norm2(normed + mlp(normed))
    func postNorm(_ output: FloatSlice?) {
        // operand [rows, width] = input [rows, width] as products take it
        if saved.inputOperand.element != .float32 { worker.convert(saved.inputOperand, saved.input) }
        // qkv [rows, 3 · width] = operand · qkvᵀ + bias
        linear(names.qkv, saved.qkv, saved.inputOperand, residual: nil)
        // attention [output rows, width] = softmax(query · keyᵀ / sqrt(headWidth)) · value
        worker.attentionForward(
            saved.attention, saved.logSumExp, saved.qkv, validTokens: validTokens, shape.attention)
        // middle [output rows, width] = input + attention · projectionᵀ + bias
        let residual = queryRows(saved.input)
        linear(names.projection, ActivationSlice(saved.middle), saved.attention, residual: residual)
        // normed [output rows, width] = norm1(middle), in fp32 and, where that is another type, as products take it
        let operand = worker.scratch.take(outputCount, worker.operands)
        let normed = operand.floats ?? worker.scratch.take(outputCount)
        norm(names.norm1, normed, operand.floats == nil ? operand : nil, saved.statistics1, saved.middle)
        // hidden [output rows, mlp] = normed · hiddenᵀ + bias
        linear(names.hidden, saved.hidden, operand, residual: nil)
        // activated [output rows, mlp] = gelu(hidden)
        let activated = worker.scratch.take(saved.hidden.count, saved.hidden.element)
        worker.geluForward(activated, saved.hidden)
        // sum [output rows, width] = normed + activated · outputᵀ + bias
        linear(names.output, ActivationSlice(saved.sum), activated, residual: normed)
        // output [output rows, width] = norm2(sum)
        norm(names.norm2, output, nil, saved.statistics2, saved.sum)
    }

    /// The rows of the tokens that ask [output rows, width] of x [rows, width].
    private func queryRows(_ x: FloatSlice) -> FloatSlice {
        if shape.queries == shape.tokens { return x }
        let asked = worker.scratch.take(outputCount)
        worker.gatherRows(asked, x, shape.queryRows, width: shape.width)
        return asked
    }

    /// y [rows, outputs] = x [rows, inputs] · weightᵀ + bias + residual [rows, outputs]
    private func linear(
        _ layer: TransformerParameters.Linear, _ y: ActivationSlice, _ x: ActivationSlice, residual: FloatSlice?
    ) {
        worker.linearForward(
            y, x, weights, layer.weight, bias: weights.slice(layer.bias), residual: residual,
            rows: x.count / layer.weight.inputs)
    }

    /// y and operand [rows, width], where they are not nil, = norm(x [rows, width])
    private func norm(
        _ norm: TransformerParameters.Norm, _ y: FloatSlice?, _ operand: ActivationSlice?,
        _ statistics: NormStatistics, _ x: FloatSlice
    ) {
        worker.layerNormForward(
            y, operand: operand, statistics.mean, statistics.rstd, x, weights.slice(norm.weight),
            weights.slice(norm.bias), epsilon: layer.epsilon,
            RowShape(rows: x.count / shape.width, width: shape.width))
    }
}
