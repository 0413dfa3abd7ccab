import MawsBase
import MawsKernels
import MawsTensor

/// Sizes of a transformer's activations: `batch` sequences of `tokens` tokens, of which the first `queries` of each
/// sequence are computed to the end.
struct TransformerShape: Hashable {
    var batch: Int
    var tokens: Int
    var queries: Int
    var width: Int
    var heads: Int
    var mlp: Int

    var rows: Int { batch * tokens }
    var outputRows: Int { batch * queries }

    var attention: AttentionShape {
        AttentionShape(
            batch: batch, tokens: tokens, heads: heads, headWidth: width / heads, rowStride: 3 * width, queries: queries
        )
    }

    func with(batch: Int) -> TransformerShape {
        var shape = self
        shape.batch = batch
        return shape
    }
}

/// What a block's forward pass keeps for its backward pass.
struct TransformerActivations {
    var input: FloatSlice  // [rows, width]
    var mean1: FloatSlice  // [rows]
    var reciprocal1: FloatSlice
    var norm1: FloatSlice  // [rows, width]
    var qkv: FloatSlice  // [rows, 3 · width]
    var probabilities: FloatSlice  // [batch, heads, queries, tokens]
    var attention: FloatSlice  // [outputRows, width], and so on below
    var middle: FloatSlice
    var mean2: FloatSlice
    var reciprocal2: FloatSlice
    var norm2: FloatSlice
    var hidden: FloatSlice  // [outputRows, mlp], before GELU

    init(input: FloatSlice, _ shape: TransformerShape, _ workspace: Workspace) {
        self.input = input
        mean1 = workspace.take(shape.rows)
        reciprocal1 = workspace.take(shape.rows)
        norm1 = workspace.take(shape.rows * shape.width)
        qkv = workspace.take(shape.rows * 3 * shape.width)
        probabilities = workspace.take(shape.attention.probabilityCount)
        attention = workspace.take(shape.outputRows * shape.width)
        middle = workspace.take(shape.outputRows * shape.width)
        mean2 = workspace.take(shape.outputRows)
        reciprocal2 = workspace.take(shape.outputRows)
        norm2 = workspace.take(shape.outputRows * shape.width)
        hidden = workspace.take(shape.outputRows * shape.mlp)
    }

    /// The part of some of `batch` sequences.
    func part(_ sequences: Range<Int>, of batch: Int) -> TransformerActivations {
        var part = self
        let fields: [WritableKeyPath<TransformerActivations, FloatSlice>] = [
            \.input, \.mean1, \.reciprocal1, \.norm1, \.qkv, \.probabilities, \.attention, \.middle, \.mean2,
            \.reciprocal2, \.norm2, \.hidden,
        ]
        for field in fields { part[keyPath: field] = self[keyPath: field].sequences(sequences, of: batch) }
        return part
    }
}

extension FloatSlice {
    /// The part of some of `batch` sequences that share the slice equally.
    func sequences(_ range: Range<Int>, of batch: Int) -> FloatSlice {
        let each = count / batch
        return part(range.lowerBound * each, range.count * each)
    }
}

/// A pre-norm block, as timm's `Block`: x + attention(norm1(x)), then that + mlp(norm2(that)). The arithmetic alone.
struct TransformerBlock {
    /// As timm and facebookresearch/mae have it.
    static let epsilon: Float = 1e-6

    let backend: any ComputeBackend
    let parameters: TransformerParameters

    /// Fills `saved` and `output` [outputRows, width] from `saved.input`.
    /// - Parameter activated: scratch, [outputRows, mlp].
    func forward(
        _ output: FloatSlice, _ saved: TransformerActivations, _ weights: FloatBuffer, activated: FloatSlice,
        classRows: FloatSlice?, _ shape: TransformerShape
    ) {
        let (rows, width, names) = (shape.outputRows, shape.width, parameters)
        backend.layerNormForward(
            saved.norm1, saved.mean1, saved.reciprocal1, saved.input, weights.slice(names.norm1Weight),
            weights.slice(names.norm1Bias), epsilon: Self.epsilon, RowShape(rows: shape.rows, width: width))
        backend.linearForward(
            saved.qkv, saved.norm1, weights.slice(names.qkvWeight), weights.slice(names.qkvBias), residual: nil,
            LinearShape(rows: shape.rows, inputs: width, outputs: 3 * width))
        backend.attentionForward(
            saved.attention, saved.probabilities, query: saved.qkv, key: saved.qkv.from(width),
            value: saved.qkv.from(2 * width), validTokens: nil, shape.attention)
        backend.linearForward(
            saved.middle, saved.attention, weights.slice(names.projectionWeight), weights.slice(names.projectionBias),
            residual: residual(saved.input, classRows, shape), LinearShape(rows: rows, inputs: width, outputs: width))
        backend.layerNormForward(
            saved.norm2, saved.mean2, saved.reciprocal2, saved.middle, weights.slice(names.norm2Weight),
            weights.slice(names.norm2Bias), epsilon: Self.epsilon, RowShape(rows: rows, width: width))
        backend.linearForward(
            saved.hidden, saved.norm2, weights.slice(names.hiddenWeight), weights.slice(names.hiddenBias),
            residual: nil, LinearShape(rows: rows, inputs: width, outputs: shape.mlp))
        backend.geluForward(activated, saved.hidden)
        backend.linearForward(
            output, activated, weights.slice(names.outputWeight), weights.slice(names.outputBias),
            residual: saved.middle, LinearShape(rows: rows, inputs: shape.mlp, outputs: width))
    }

    /// The rows of x that the output rows are added to: all, or those of the first `queries` tokens.
    private func residual(_ x: FloatSlice, _ classRows: FloatSlice?, _ shape: TransformerShape) -> FloatSlice {
        guard let classRows else { return x }
        backend.gatherRows(classRows, x, shape.queryRows, width: shape.width)
        return classRows
    }

    /// Writes `dInput` [rows, width] and adds to the block's gradients. `dInput` may be `dOutput` when all tokens are
    /// queries.
    func backward(
        _ dInput: FloatSlice, _ gradients: FloatBuffer, _ dOutput: FloatSlice, _ saved: TransformerActivations,
        _ weights: FloatBuffer, _ scratch: TransformerScratch, _ shape: TransformerShape
    ) {
        backwardPerceptron(gradients, dOutput, saved, weights, scratch, shape)
        backwardAttention(gradients, saved, weights, scratch, shape)
        backend.layerNormBackward(
            dInput, gradients.slice(parameters.norm1Weight), gradients.slice(parameters.norm1Bias), scratch.dNorm1,
            saved.input, saved.mean1, saved.reciprocal1, weights.slice(parameters.norm1Weight),
            residual: spread(dInput, scratch.dMiddle, shape), RowShape(rows: shape.rows, width: shape.width))
    }

    /// From dOutput to scratch.dMiddle.
    private func backwardPerceptron(
        _ gradients: FloatBuffer, _ dOutput: FloatSlice, _ saved: TransformerActivations, _ weights: FloatBuffer,
        _ scratch: TransformerScratch, _ shape: TransformerShape
    ) {
        let (rows, names) = (shape.outputRows, parameters)
        let outward = LinearShape(rows: rows, inputs: shape.mlp, outputs: shape.width)
        backend.linearBackward(
            scratch.dHidden, nil, nil, dOutput, scratch.activated, weights.slice(names.outputWeight), outward)
        backend.geluBackward(scratch.dHidden, output: scratch.activated, scratch.dHidden, saved.hidden)
        backend.linearBackward(
            nil, gradients.slice(names.outputWeight), gradients.slice(names.outputBias), dOutput, scratch.activated,
            nil, outward)
        backend.linearBackward(
            scratch.dNorm2, gradients.slice(names.hiddenWeight), gradients.slice(names.hiddenBias), scratch.dHidden,
            saved.norm2, weights.slice(names.hiddenWeight),
            LinearShape(rows: rows, inputs: shape.width, outputs: shape.mlp))
        backend.layerNormBackward(
            scratch.dMiddle, gradients.slice(names.norm2Weight), gradients.slice(names.norm2Bias), scratch.dNorm2,
            saved.middle, saved.mean2, saved.reciprocal2, weights.slice(names.norm2Weight), residual: dOutput,
            RowShape(rows: rows, width: shape.width))
    }

    /// From scratch.dMiddle to scratch.dNorm1.
    private func backwardAttention(
        _ gradients: FloatBuffer, _ saved: TransformerActivations, _ weights: FloatBuffer,
        _ scratch: TransformerScratch, _ shape: TransformerShape
    ) {
        let (width, names) = (shape.width, parameters)
        backend.linearBackward(
            scratch.dAttention, gradients.slice(names.projectionWeight), gradients.slice(names.projectionBias),
            scratch.dMiddle, saved.attention, weights.slice(names.projectionWeight),
            LinearShape(rows: shape.outputRows, inputs: width, outputs: width))
        backend.attentionBackward(
            dQuery: scratch.dQKV, dKey: scratch.dQKV.from(width), dValue: scratch.dQKV.from(2 * width),
            scratch.dAttention, saved.probabilities, query: saved.qkv, key: saved.qkv.from(width),
            value: saved.qkv.from(2 * width), validTokens: nil, shape.attention)
        backend.linearBackward(
            scratch.dNorm1, gradients.slice(names.qkvWeight), gradients.slice(names.qkvBias), scratch.dQKV, saved.norm1,
            weights.slice(names.qkvWeight), LinearShape(rows: shape.rows, inputs: width, outputs: 3 * width))
    }

    /// The residual's gradient over all rows: dMiddle, or dMiddle at the rows of the queries and zero elsewhere.
    private func spread(_ dInput: FloatSlice, _ dMiddle: FloatSlice, _ shape: TransformerShape) -> FloatSlice {
        if shape.queries == shape.tokens { return dMiddle }
        dInput.zero()
        backend.scatterAddRows(dInput, dMiddle, shape.queryRows, width: shape.width)
        return dInput
    }
}

extension TransformerShape {
    /// Rows of the first `queries` tokens of each sequence.
    var queryRows: [Int] {
        (0..<batch).flatMap { sequence in (0..<queries).map { sequence * tokens + $0 } }
    }

    /// Scratch for the rows of the queries, nil where all tokens are queries.
    func classRows(in scratch: FloatSlice) -> FloatSlice? {
        queries == tokens ? nil : scratch.part(0, outputRows * width)
    }
}

/// Gradients inside a block that live until its backward pass ends.
struct TransformerScratch {
    var activated: FloatSlice  // [outputRows, mlp]
    var dHidden: FloatSlice
    var dNorm2: FloatSlice  // [outputRows, width]
    var dMiddle: FloatSlice
    var dAttention: FloatSlice
    var dQKV: FloatSlice  // [rows, 3 · width]
    var dNorm1: FloatSlice  // [rows, width]

    init(_ shape: TransformerShape, _ workspace: Workspace) {
        activated = workspace.take(shape.outputRows * shape.mlp)
        dHidden = workspace.take(shape.outputRows * shape.mlp)
        dNorm2 = workspace.take(shape.outputRows * shape.width)
        dMiddle = workspace.take(shape.outputRows * shape.width)
        dAttention = workspace.take(shape.outputRows * shape.width)
        dQKV = workspace.take(shape.rows * 3 * shape.width)
        dNorm1 = workspace.take(shape.rows * shape.width)
    }
}
