import MawsBase
import MawsKernels
import MawsTensor

/// Word + position + token-type embedding, then layer norm (RobertaEmbeddings of transformers, without dropout).
struct TextEmbedding {
    /// What the backward pass needs.
    struct Activations {
        /// Sum of the three embeddings [rows, width], mean and reciprocal deviation [rows].
        let sum: FloatBuffer
        let mean: FloatBuffer
        let reciprocal: FloatBuffer
    }

    let block: ParameterBlock
    let width: Int
    let backend: any ComputeBackend

    func forward(_ batch: TextBatch, _ weights: FloatBuffer) -> (output: FloatBuffer, kept: Activations) {
        let kept = Activations(
            sum: FloatBuffer(count: batch.rows * width), mean: FloatBuffer(count: batch.rows),
            reciprocal: FloatBuffer(count: batch.rows))
        let output = FloatBuffer(count: batch.rows * width)
        let sum = kept.sum.all
        backend.gatherRows(sum, slice(weights, "word_embeddings.weight"), batch.identifiers, width: width)
        backend.gatherRows(
            output.all, slice(weights, "token_type_embeddings.weight"), [Int](repeating: 0, count: batch.rows),
            width: width)
        backend.add(sum, sum, output.all)
        backend.gatherRows(output.all, slice(weights, "position_embeddings.weight"), batch.positions, width: width)
        backend.add(sum, sum, output.all)
        backend.layerNormForward(
            output.all, kept.mean.all, kept.reciprocal.all, sum, slice(weights, "LayerNorm.weight"),
            slice(weights, "LayerNorm.bias"), epsilon: TextTower.normEpsilon, RowShape(rows: batch.rows, width: width))
        return (output, kept)
    }

    /// - Parameters:
    ///   - dOutput: [rows, width], overwritten.
    ///   - gradient: the block's, added to.
    func backward(
        _ dOutput: FloatBuffer, _ batch: TextBatch, _ kept: Activations, _ weights: FloatBuffer,
        _ gradient: FloatBuffer
    ) {
        let shape = RowShape(rows: batch.rows, width: width)
        backend.layerNormBackward(
            dOutput.all, slice(gradient, "LayerNorm.weight"), slice(gradient, "LayerNorm.bias"), dOutput.all,
            kept.sum.all, kept.mean.all, kept.reciprocal.all, slice(weights, "LayerNorm.weight"), residual: nil, shape)
        backend.scatterAddRows(
            slice(gradient, "word_embeddings.weight"), dOutput.all, batch.identifiers, width: width)
        backend.scatterAddRows(
            slice(gradient, "position_embeddings.weight"), dOutput.all, batch.positions, width: width)
        backend.sumRows(slice(gradient, "token_type_embeddings.weight"), dOutput.all, shape)
    }

    private func slice(_ buffer: FloatBuffer, _ name: String) -> FloatSlice {
        buffer.slice(block.entry("text.embeddings.\(name)"))
    }
}
