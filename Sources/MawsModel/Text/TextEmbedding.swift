import MawsBase
import MawsKernels
import MawsTensor

/// Word + position + token-type embedding, then layer norm (RobertaEmbeddings of transformers, without dropout).
struct TextEmbedding {
    /// What the backward pass needs.
    struct Activations {
        /// Sum of the three embeddings [rows, width], mean and reciprocal deviation [rows].
        let sum: FloatSlice
        let mean: FloatSlice
        let reciprocal: FloatSlice
    }

    let block: ParameterBlock
    let width: Int
    let backend: ComputeBackend

    func forward(
        _ batch: TextBatch, _ weights: BlockWeights, _ workspace: Workspace
    ) -> (output: FloatSlice, kept: Activations) {
        let kept = Activations(
            sum: workspace.take(batch.rows * width), mean: workspace.take(batch.rows),
            reciprocal: workspace.take(batch.rows))
        let output = workspace.take(batch.rows * width)
        let sum = kept.sum
        backend.gatherRows(sum, slice(weights, "word_embeddings.weight"), batch.identifiers, width: width)
        backend.gatherRows(
            output, slice(weights, "token_type_embeddings.weight"), [Int](repeating: 0, count: batch.rows),
            width: width)
        backend.add(sum, sum, output)
        backend.gatherRows(output, slice(weights, "position_embeddings.weight"), batch.positions, width: width)
        backend.add(sum, sum, output)
        backend.layerNormForward(
            output, kept.mean, kept.reciprocal, sum, slice(weights, "LayerNorm.weight"),
            slice(weights, "LayerNorm.bias"), epsilon: TransformerBlock.textEpsilon,
            RowShape(rows: batch.rows, width: width))
        return (output, kept)
    }

    /// - Parameters:
    ///   - dOutput: [rows, width], overwritten.
    ///   - gradient: the block's, added to.
    func backward(
        _ dOutput: FloatSlice, _ batch: TextBatch, _ kept: Activations, _ weights: BlockWeights,
        _ gradient: FloatBuffer
    ) {
        let shape = RowShape(rows: batch.rows, width: width)
        backend.layerNormBackward(
            dOutput, slice(gradient, "LayerNorm.weight"), slice(gradient, "LayerNorm.bias"), dOutput,
            kept.sum, kept.mean, kept.reciprocal, slice(weights, "LayerNorm.weight"), residual: nil, shape)
        backend.scatterAddRows(
            slice(gradient, "word_embeddings.weight"), dOutput, batch.identifiers, width: width)
        backend.scatterAddRows(
            slice(gradient, "position_embeddings.weight"), dOutput, batch.positions, width: width)
        backend.sumRows(slice(gradient, "token_type_embeddings.weight"), dOutput, shape)
    }

    private func slice(_ weights: BlockWeights, _ name: String) -> FloatSlice { slice(weights.values, name) }

    private func slice(_ buffer: FloatBuffer, _ name: String) -> FloatSlice {
        buffer.slice(block.entry("text.embeddings.\(name)"))
    }
}
