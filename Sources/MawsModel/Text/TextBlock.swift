import MawsBase
import MawsKernels
import MawsPlan
import MawsTensor

/// One post-norm transformer block (RobertaLayer of transformers, without dropout):
/// h = norm(x + attention(x)), y = norm(h + W₂ · gelu(W₁ · h)).
struct TextBlock {
    /// What the backward pass needs; widths in floats a row.
    struct Activations {
        /// Query, key and value [rows, 3 × width]; probabilities [captions, heads, tokens, tokens].
        let heads: FloatBuffer
        let probabilities: FloatBuffer
        let attention: FloatBuffer
        let first: Norm
        /// Output of the first norm [rows, width]; perceptron before and after GELU [rows, mlp].
        let hidden: FloatBuffer
        let up: FloatBuffer
        let activated: FloatBuffer
        let second: Norm
    }

    /// Input [rows, width], mean and reciprocal deviation [rows] of a layer norm.
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

    func forward(_ input: FloatBuffer, _ batch: TextBatch, _ weights: FloatBuffer) -> (FloatBuffer, Activations) {
        let (rows, width) = (batch.rows, model.width)
        let kept = Activations(
            heads: FloatBuffer(count: rows * 3 * width),
            probabilities: FloatBuffer(count: attentionShape(batch).probabilityCount),
            attention: FloatBuffer(count: rows * width), first: Norm(rows: rows, width: width),
            hidden: FloatBuffer(count: rows * width), up: FloatBuffer(count: rows * model.mlp),
            activated: FloatBuffer(count: rows * model.mlp), second: Norm(rows: rows, width: width))
        backend.linearForward(
            kept.heads.all, input.all, headWeights(weights), headBiases(weights), residual: nil,
            linear(batch, width, 3 * width))
        backend.attentionForward(
            kept.attention.all, kept.probabilities.all, query: part(kept.heads, 0), key: part(kept.heads, 1),
            value: part(kept.heads, 2), validTokens: batch.validTokens, attentionShape(batch))
        backend.linearForward(
            kept.first.input.all, kept.attention.all, slice(weights, "attention.output.dense.weight"),
            slice(weights, "attention.output.dense.bias"), residual: input.all, linear(batch, width, width))
        normForward(kept.hidden, kept.first, "attention.output.LayerNorm", batch, weights)
        return (perceptronForward(kept, batch, weights), kept)
    }

    private func perceptronForward(_ kept: Activations, _ batch: TextBatch, _ weights: FloatBuffer) -> FloatBuffer {
        let output = FloatBuffer(count: batch.rows * model.width)
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

    /// Returns the gradient of the input.
    /// - Parameters:
    ///   - dOutput: [rows, width], overwritten.
    ///   - gradient: the block's, added to.
    func backward(
        _ dOutput: FloatBuffer, _ input: FloatBuffer, _ batch: TextBatch, _ kept: Activations, _ weights: FloatBuffer,
        _ gradient: FloatBuffer
    ) -> FloatBuffer {
        let width = model.width
        let dSum = perceptronBackward(dOutput, batch, kept, weights, gradient)
        let dAttention = FloatBuffer(count: batch.rows * width)
        backend.linearBackward(
            dAttention.all, slice(gradient, "attention.output.dense.weight"),
            slice(gradient, "attention.output.dense.bias"), dSum.all, kept.attention.all,
            slice(weights, "attention.output.dense.weight"), linear(batch, width, width))
        let dHeads = FloatBuffer(count: batch.rows * 3 * width)
        backend.attentionBackward(
            dQuery: part(dHeads, 0), dKey: part(dHeads, 1), dValue: part(dHeads, 2), dAttention.all,
            kept.probabilities.all, query: part(kept.heads, 0), key: part(kept.heads, 1), value: part(kept.heads, 2),
            validTokens: batch.validTokens, attentionShape(batch))
        backend.linearBackward(
            dAttention.all, headWeights(gradient), headBiases(gradient), dHeads.all, input.all, headWeights(weights),
            linear(batch, width, 3 * width))
        backend.add(dSum.all, dSum.all, dAttention.all)
        return dSum
    }

    /// Returns the gradient of the sum before the first norm.
    private func perceptronBackward(
        _ dOutput: FloatBuffer, _ batch: TextBatch, _ kept: Activations, _ weights: FloatBuffer,
        _ gradient: FloatBuffer
    ) -> FloatBuffer {
        normBackward(dOutput, dOutput, kept.second, "output.LayerNorm", batch, weights, gradient)
        let dUp = FloatBuffer(count: batch.rows * model.mlp)
        backend.linearBackward(
            dUp.all, slice(gradient, "output.dense.weight"), slice(gradient, "output.dense.bias"), dOutput.all,
            kept.activated.all, slice(weights, "output.dense.weight"), linear(batch, model.mlp, model.width))
        backend.geluBackward(dUp.all, output: nil, dUp.all, kept.up.all)
        let dHidden = FloatBuffer(count: batch.rows * model.width)
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
    private func rowShape(_ batch: TextBatch) -> RowShape { RowShape(rows: batch.rows, width: model.width) }

    private func linear(_ batch: TextBatch, _ inputs: Int, _ outputs: Int) -> LinearShape {
        LinearShape(rows: batch.rows, inputs: inputs, outputs: outputs)
    }

    private func attentionShape(_ batch: TextBatch) -> AttentionShape {
        AttentionShape(
            batch: batch.count, tokens: batch.tokens, heads: model.heads, headWidth: model.width / model.heads,
            rowStride: 3 * model.width)
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
