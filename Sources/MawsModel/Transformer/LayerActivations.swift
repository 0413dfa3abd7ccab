import MawsKernels
import MawsTensor

/// Where a layer's norms stand.
enum NormOrder: Sendable {
    /// x + attention(norm(x)), then that + mlp(norm(that)): timm's `Block`, facebookresearch/mae.
    case preNorm
    /// norm(x + attention(x)), then norm(that + mlp(that)): `RobertaLayer` of transformers, without dropout.
    case postNorm
}

/// What a layer's forward pass keeps for its backward pass. Outputs of norms and of GELU are not among it: they are
/// computed again.
struct LayerActivations {
    /// [rows, width]
    var input: FloatSlice
    /// [rows, width]: with postNorm the input as attention's product takes it; with preNorm empty.
    var inputOperand: ActivationSlice
    var statistics1: NormStatistics  // of rows, or of output rows with postNorm
    var qkv: ActivationSlice  // [rows, 3 · width]
    var logSumExp: FloatSlice  // [batch, heads, queries]
    var attention: ActivationSlice  // [output rows, width]
    /// [output rows, width], after the first residual sum.
    var middle: FloatSlice
    var statistics2: NormStatistics
    var hidden: ActivationSlice  // [output rows, mlp], before GELU
    /// [output rows, width]: with postNorm after the second residual sum; with preNorm empty.
    var sum: FloatSlice

    /// - Parameter input: [rows, width]
    init(
        input: FloatSlice, _ shape: TransformerShape, _ order: NormOrder, _ operand: ElementType,
        _ workspace: Workspace
    ) {
        let (rows, outputs) = (shape.rows, shape.outputRows)
        let isPostNorm = order == .postNorm
        self.input = input
        inputOperand =
            isPostNorm && operand == .float32
            ? ActivationSlice(input) : workspace.take(isPostNorm ? rows * shape.width : 0, operand)
        statistics1 = NormStatistics(rows: isPostNorm ? outputs : rows, workspace)
        qkv = workspace.take(rows * 3 * shape.width, operand)
        logSumExp = workspace.take(shape.attention.logSumExpCount)
        attention = workspace.take(outputs * shape.width, operand)
        middle = workspace.take(outputs * shape.width)
        statistics2 = NormStatistics(rows: outputs, workspace)
        hidden = workspace.take(outputs * shape.mlp, operand)
        sum = workspace.take(isPostNorm ? outputs * shape.width : 0)
    }

    /// The part of some of `batch` sequences.
    func part(_ sequences: Range<Int>, of batch: Int) -> LayerActivations {
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

/// Mean and reciprocal standard deviation of each row that a norm saw, [rows] each.
struct NormStatistics {
    var mean: FloatSlice
    var rstd: FloatSlice

    init(rows: Int, _ workspace: Workspace) {
        (mean, rstd) = (workspace.take(rows), workspace.take(rows))
    }

    func part(_ sequences: Range<Int>, of batch: Int) -> NormStatistics {
        var part = self
        part.mean = mean.sequences(sequences, of: batch)
        part.rstd = rstd.sequences(sequences, of: batch)
        return part
    }
}
