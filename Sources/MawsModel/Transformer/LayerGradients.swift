import MawsKernels
import MawsTensor

/// What a layer's backward pass leaves behind for the gradients of its parameters: for each linear layer its inputs
/// and its outputs' gradient over the whole unit, and each group's sums over its rows.
struct LayerGradients {
    /// Inputs of qkv, hidden and output; the projection's is among the activations.
    var qkvInput: ActivationSlice  // [rows, width]
    var hiddenInput: ActivationSlice  // [output rows, width]
    var outputInput: ActivationSlice  // [output rows, mlp]
    /// Gradients of what qkv, projection, hidden and output made.
    var dQKV: ActivationSlice  // [rows, 3 · width]
    var dProjection: ActivationSlice  // [output rows, width]
    var dHidden: ActivationSlice  // [output rows, mlp]
    var dOutput: ActivationSlice  // [output rows, width]
    /// [groups, `SumLayout.count`]
    var sums: FloatSlice

    /// - Parameters:
    ///   - kept: the unit's; with postNorm it has qkv's input already.
    ///   - dOutput: [output rows, width], the gradient of the layer's output; with preNorm the mlp's second layer has
    ///     the same.
    init(
        _ shape: TransformerShape, groups: Int, kept: LayerActivations, dOutput: FloatSlice, _ order: NormOrder,
        _ operand: ElementType, _ workspace: Workspace
    ) {
        let (rows, outputs, width) = (shape.rows, shape.outputRows, shape.width)
        qkvInput = order == .postNorm ? kept.inputOperand : workspace.take(rows * width, operand)
        hiddenInput = workspace.take(outputs * width, operand)
        outputInput = workspace.take(outputs * shape.mlp, operand)
        dQKV = workspace.take(rows * 3 * width, operand)
        dProjection = workspace.take(outputs * width, operand)
        dHidden = workspace.take(outputs * shape.mlp, operand)
        let isShared = order == .preNorm && operand == .float32
        self.dOutput = isShared ? ActivationSlice(dOutput) : workspace.take(outputs * width, operand)
        sums = workspace.takeZeros(groups * SumLayout(shape).count)
    }

    /// The part of some of `batch` sequences, the `index`th of `groups` groups.
    func part(_ sequences: Range<Int>, of batch: Int, group index: Int, of groups: Int) -> LayerGradients {
        var part = self
        let fields: [WritableKeyPath<LayerGradients, ActivationSlice>] = [
            \.qkvInput, \.hiddenInput, \.outputInput, \.dQKV, \.dProjection, \.dHidden, \.dOutput,
        ]
        for field in fields { part[keyPath: field] = self[keyPath: field].sequences(sequences, of: batch) }
        part.sums = sums.sequences(index..<index + 1, of: groups)
        return part
    }
}

/// Where the sums over rows of one group lie: gradients of biases and of the norms' parameters.
struct SumLayout {
    let qkvBias, projectionBias, hiddenBias, outputBias: Range<Int>
    let norm1Weight, norm1Bias, norm2Weight, norm2Bias: Range<Int>
    let count: Int

    init(_ shape: TransformerShape) {
        var end = 0
        func next(_ count: Int) -> Range<Int> {
            defer { end += count }
            return end..<end + count
        }
        (qkvBias, projectionBias) = (next(3 * shape.width), next(shape.width))
        (hiddenBias, outputBias) = (next(shape.mlp), next(shape.width))
        (norm1Weight, norm1Bias) = (next(shape.width), next(shape.width))
        (norm2Weight, norm2Bias) = (next(shape.width), next(shape.width))
        count = end
    }
}

extension FloatSlice {
    func part(_ range: Range<Int>) -> FloatSlice { part(range.lowerBound, range.count) }
}
