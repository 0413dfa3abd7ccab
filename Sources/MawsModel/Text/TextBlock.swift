import MawsBase
import MawsKernels
import MawsPlan
import MawsTensor

/// One post-norm transformer block (RobertaLayer of transformers, without dropout):
/// h = norm(x + attention(x)), y = norm(h + W₂ · gelu(W₁ · h)).
///
/// Of the last block only the `<s>` of each caption is used, so it alone is computed there: queries, perceptron and
/// norms of one row a caption.
struct TextBlock {
    /// What the backward pass needs. An output row is a token of a caption, or in the last block a caption.
    struct Activations {
        /// Query, key and value [rows, 3 × width]; probabilities [captions, heads, queries, tokens].
        let heads: FloatBuffer
        let probabilities: FloatBuffer
        let attention: FloatBuffer
        let first: Norm
        /// Output of the first norm [output rows, width]; perceptron before and after GELU [output rows, mlp].
        let hidden: FloatBuffer
        let up: FloatBuffer
        let activated: FloatBuffer
        let second: Norm
    }

    /// Input [output rows, width], mean and reciprocal deviation [output rows] of a layer norm.
    struct Norm {
        let input: FloatBuffer
        let mean: FloatBuffer
        let reciprocal: FloatBuffer

        init(rows: Int, width: Int) {
            input = FloatBuffer(count: rows * width)
            mean = FloatBuffer(count: rows)
            reciprocal = FloatBuffer(count: rows)
        }
    }

    let block: ParameterBlock
    let index: Int
    let model: TextModelPlan
    let backend: any ComputeBackend

    private var isLast: Bool { index == model.depth - 1 }
    private func queries(_ batch: TextBatch) -> Int { isLast ? 1 : batch.tokens }
    private func outputRows(_ batch: TextBatch) -> Int { batch.count * queries(batch) }

    /// Returns the output [output rows, width].
    func forward(_ input: FloatBuffer, _ batch: TextBatch, _ weights: FloatBuffer) -> (FloatBuffer, Activations) {
        let (rows, width) = (outputRows(batch), model.width)
        let kept = Activations(
            heads: FloatBuffer(count: batch.rows * 3 * width),
            probabilities: FloatBuffer(count: attentionShape(batch).probabilityCount),
            attention: FloatBuffer(count: rows * width), first: Norm(rows: rows, width: width),
            hidden: FloatBuffer(count: rows * width), up: FloatBuffer(count: rows * model.mlp),
            activated: FloatBuffer(count: rows * model.mlp), second: Norm(rows: rows, width: width))
        backend.linearForward(
            kept.heads.all, input.all, headWeights(weights), headBiases(weights), residual: nil, headShape(batch))
        backend.attentionForward(
            kept.attention.all, kept.probabilities.all, query: part(kept.heads, 0), key: part(kept.heads, 1),
            value: part(kept.heads, 2), validTokens: batch.validTokens, attentionShape(batch))
        backend.linearForward(
            kept.first.input.all, kept.attention.all, slice(weights, "attention.output.dense.weight"),
            slice(weights, "attention.output.dense.bias"), residual: residual(input, batch).all,
            linear(batch, width, width))
        normForward(kept.hidden, kept.first, "attention.output.LayerNorm", batch, weights)
        return (perceptronForward(kept, batch, weights), kept)
    }

    private func perceptronForward(_ kept: Activations, _ batch: TextBatch, _ weights: FloatBuffer) -> FloatBuffer {
        let output = FloatBuffer(count: outputRows(batch) * model.width)
        backend.linearForward(
            kept.up.all, kept.hidden.all, slice(weights, "intermediate.dense.weight"),
            slice(weights, "intermediate.dense.bias"), residual: nil, linear(batch, model.width, model.mlp))
        backend.geluForward(kept.activated.all, kept.up.all)
        backend.linearForward(
            kept.second.input.all, kept.activated.all, slice(weights, "output.dense.weight"),
            slice(weights, "output.dense.bias"), residual: kept.hidden.all, linear(batch, model.mlp, model.width))
        normForward(output, kept.second, "output.LayerNorm", batch, weights)
        return output
    }

    /// Returns the gradient of the input, [rows, width].
    /// - Parameters:
    ///   - dOutput: [output rows, width], overwritten.
    ///   - gradient: the block's, added to.
    func backward(
        _ dOutput: FloatBuffer, _ input: FloatBuffer, _ batch: TextBatch, _ kept: Activations, _ weights: FloatBuffer,
        _ gradient: FloatBuffer
    ) -> FloatBuffer {
        let width = model.width
        let dSum = perceptronBackward(dOutput, batch, kept, weights, gradient)
        let dAttention = FloatBuffer(count: dSum.count)
        backend.linearBackward(
            dAttention.all, slice(gradient, "attention.output.dense.weight"),
            slice(gradient, "attention.output.dense.bias"), dSum.all, kept.attention.all,
            slice(weights, "attention.output.dense.weight"), linear(batch, width, width))
        let dHeads = FloatBuffer(count: batch.rows * 3 * width)
        backend.attentionBackward(
            dQuery: part(dHeads, 0), dKey: part(dHeads, 1), dValue: part(dHeads, 2), dAttention.all,
            kept.probabilities.all, query: part(kept.heads, 0), key: part(kept.heads, 1), value: part(kept.heads, 2),
            validTokens: batch.validTokens, attentionShape(batch))
        let dInput = FloatBuffer(count: input.count)
        backend.linearBackward(
            dInput.all, headWeights(gradient), headBiases(gradient), dHeads.all, input.all, headWeights(weights),
            headShape(batch))
        addResidual(dInput, dSum, batch)
        return dInput
    }

    /// The rows of the input that the output rows are added to.
    private func residual(_ input: FloatBuffer, _ batch: TextBatch) -> FloatBuffer {
        guard isLast else { return input }
        let rows = FloatBuffer(count: batch.count * model.width)
        backend.gatherRows(rows.all, input.all, batch.beginRows, width: model.width)
        return rows
    }

    private func addResidual(_ dInput: FloatBuffer, _ dSum: FloatBuffer, _ batch: TextBatch) {
        if isLast {
            backend.scatterAddRows(dInput.all, dSum.all, batch.beginRows, width: model.width)
        } else {
            backend.add(dInput.all, dInput.all, dSum.all)
        }
    }

    /// Returns the gradient of the sum before the first norm.
    private func perceptronBackward(
        _ dOutput: FloatBuffer, _ batch: TextBatch, _ kept: Activations, _ weights: FloatBuffer,
        _ gradient: FloatBuffer
    ) -> FloatBuffer {
        normBackward(dOutput, dOutput, kept.second, "output.LayerNorm", batch, weights, gradient)
        let dUp = FloatBuffer(count: outputRows(batch) * model.mlp)
        backend.linearBackward(
            dUp.all, slice(gradient, "output.dense.weight"), slice(gradient, "output.dense.bias"), dOutput.all,
            kept.activated.all, slice(weights, "output.dense.weight"), linear(batch, model.mlp, model.width))
        backend.geluBackward(dUp.all, output: nil, dUp.all, kept.up.all)
        let dHidden = FloatBuffer(count: dOutput.count)
        backend.linearBackward(
            dHidden.all, slice(gradient, "intermediate.dense.weight"), slice(gradient, "intermediate.dense.bias"),
            dUp.all, kept.hidden.all, slice(weights, "intermediate.dense.weight"),
            linear(batch, model.width, model.mlp))
        backend.add(dHidden.all, dHidden.all, dOutput.all)
        normBackward(dHidden, dHidden, kept.first, "attention.output.LayerNorm", batch, weights, gradient)
        return dHidden
    }

    private func normForward(
        _ output: FloatBuffer, _ norm: Norm, _ name: String, _ batch: TextBatch, _ weights: FloatBuffer
    ) {
        backend.layerNormForward(
            output.all, norm.mean.all, norm.reciprocal.all, norm.input.all, slice(weights, "\(name).weight"),
            slice(weights, "\(name).bias"), epsilon: TextTower.normEpsilon, rowShape(batch))
    }

    private func normBackward(
        _ dInput: FloatBuffer, _ dOutput: FloatBuffer, _ norm: Norm, _ name: String, _ batch: TextBatch,
        _ weights: FloatBuffer, _ gradient: FloatBuffer
    ) {
        backend.layerNormBackward(
            dInput.all, slice(gradient, "\(name).weight"), slice(gradient, "\(name).bias"), dOutput.all, norm.input.all,
            norm.mean.all, norm.reciprocal.all, slice(weights, "\(name).weight"), residual: nil, rowShape(batch))
    }
}

extension TextBlock {
    private func rowShape(_ batch: TextBatch) -> RowShape { RowShape(rows: outputRows(batch), width: model.width) }

    private func linear(_ batch: TextBatch, _ inputs: Int, _ outputs: Int) -> LinearShape {
        LinearShape(rows: outputRows(batch), inputs: inputs, outputs: outputs)
    }

    private func headShape(_ batch: TextBatch) -> LinearShape {
        LinearShape(rows: batch.rows, inputs: model.width, outputs: 3 * model.width)
    }

    private func attentionShape(_ batch: TextBatch) -> AttentionShape {
        AttentionShape(
            batch: batch.count, tokens: batch.tokens, heads: model.heads, headWidth: model.width / model.heads,
            rowStride: 3 * model.width, queries: queries(batch))
    }

    /// Query (0), key (1) or value (2) inside a [rows, 3 × width] buffer.
    private func part(_ heads: FloatBuffer, _ index: Int) -> FloatSlice { heads.all.from(index * model.width) }

    private func slice(_ buffer: FloatBuffer, _ name: String) -> FloatSlice {
        buffer.slice(block.entry("text.encoder.layer.\(index).\(name)"))
    }

    /// The weights of query, key and value as one [3 × width, width] matrix.
    private func headWeights(_ buffer: FloatBuffer) -> FloatSlice {
        let first = slice(buffer, "attention.self.query.weight")
        return FloatSlice(buffer, offset: first.offset, count: 3 * first.count)
    }

    private func headBiases(_ buffer: FloatBuffer) -> FloatSlice {
        let first = slice(buffer, "attention.self.query.bias")
        return FloatSlice(buffer, offset: first.offset, count: 3 * first.count)
    }
}
