import MawsKernels
import MawsTensor

/// Where a block's norms stand.
enum NormOrder: Sendable {
    /// x + attention(norm(x)), then that + perceptron(norm(that)): timm's `Block`, facebookresearch/mae.
    case before
    /// norm(x + attention(x)), then norm(that + perceptron(that)): `RobertaLayer` of transformers, without dropout.
    case after
}

/// What a block's forward pass keeps for its backward pass. Outputs of norms and of GELU are not among it: they are
/// computed again.
struct BlockActivations {
    /// [rows, width]
    var input: FloatSlice
    /// Norms after: the input as attention's product takes it. Norms before: empty.
    var inputOperand: ActivationSlice
    var statistics1: NormStatistics  // of rows, or of output rows with norms after
    var qkv: ActivationSlice  // [rows, 3 · width]
    var logSumExp: FloatSlice  // [batch, heads, queries]
    var attention: ActivationSlice  // [output rows, width], and so on below
    /// After the first residual sum.
    var middle: FloatSlice
    var statistics2: NormStatistics
    var hidden: ActivationSlice  // [output rows, mlp], before GELU
    /// Norms after: after the second residual sum. Norms before: empty.
    var sum: FloatSlice

    init(
        input: FloatSlice, _ shape: TransformerShape, _ order: NormOrder, _ operand: ElementType,
        _ workspace: Workspace
    ) {
        let (rows, outputs) = (shape.rows, shape.outputRows)
        let isAfter = order == .after
        self.input = input
        inputOperand =
            isAfter && operand == .float32
            ? ActivationSlice(input) : workspace.take(isAfter ? rows * shape.width : 0, operand)
        statistics1 = NormStatistics(rows: isAfter ? outputs : rows, workspace)
        qkv = workspace.take(rows * 3 * shape.width, operand)
        logSumExp = workspace.take(shape.attention.logSumExpCount)
        attention = workspace.take(outputs * shape.width, operand)
        middle = workspace.take(outputs * shape.width)
        statistics2 = NormStatistics(rows: outputs, workspace)
        hidden = workspace.take(outputs * shape.mlp, operand)
        sum = workspace.take(isAfter ? outputs * shape.width : 0)
    }

    /// The part of some of `batch` sequences.
    func part(_ sequences: Range<Int>, of batch: Int) -> BlockActivations {
        var part = self
        part.input = input.sequences(sequences, of: batch)
        part.inputOperand = inputOperand.sequences(sequences, of: batch)
        part.statistics1 = statistics1.part(sequences, of: batch)
        part.qkv = qkv.sequences(sequences, of: batch)
        part.logSumExp = logSumExp.sequences(sequences, of: batch)
        part.attention = attention.sequences(sequences, of: batch)
        part.middle = middle.sequences(sequences, of: batch)
        part.statistics2 = statistics2.part(sequences, of: batch)
        part.hidden = hidden.sequences(sequences, of: batch)
        part.sum = sum.sequences(sequences, of: batch)
        return part
    }
}

/// Mean and reciprocal deviation of each row that a norm saw, [rows].
struct NormStatistics {
    var mean: FloatSlice
    var reciprocal: FloatSlice

    init(rows: Int, _ workspace: Workspace) {
        (mean, reciprocal) = (workspace.take(rows), workspace.take(rows))
    }

    func part(_ sequences: Range<Int>, of batch: Int) -> NormStatistics {
        var part = self
        part.mean = mean.sequences(sequences, of: batch)
        part.reciprocal = reciprocal.sequences(sequences, of: batch)
        return part
    }
}
