import MawsBase
import MawsKernels
import MawsSum
import MawsTensor

/// Word + position + token-type embedding, then layer norm (RobertaEmbeddings of transformers, without dropout).
struct TextEmbedding {
    /// What the backward pass needs.
    struct Activations {
        /// Sum of the three embeddings [rows, width], mean and reciprocal standard deviation [rows].
        let sum: FloatSlice
        let mean: FloatSlice
        let rstd: FloatSlice
    }

    let block: ParameterBlock
    let width: Int
    let backend: ComputeBackend

    func forward(
        _ batch: TextBatch, _ weights: BlockWeights, _ workspace: Workspace
    ) -> (output: FloatSlice, kept: Activations) {
        let kept = Activations(
            sum: workspace.take(batch.rows * width), mean: workspace.take(batch.rows),
            rstd: workspace.take(batch.rows))
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
            output, kept.mean, kept.rstd, sum, slice(weights, "LayerNorm.weight"),
            slice(weights, "LayerNorm.bias"), epsilon: TransformerLayer.textEpsilon,
            RowShape(rows: batch.rows, width: width))
        return (output, kept)
    }

    /// The block's gradient: rows of the words that the batch has, and everything behind the word table.
    /// - Parameters:
    ///   - dOutput: [rows, width], overwritten.
    ///   - workspace: gets the gradient.
    func backward(
        _ dOutput: FloatSlice, _ batch: TextBatch, _ kept: Activations, _ weights: BlockWeights,
        _ workspace: Workspace
    ) -> SparseGradient {
        let shape = RowShape(rows: batch.rows, width: width)
        let words = block.entry("text.embeddings.word_embeddings.weight").range
        precondition(words.lowerBound == 0, "the word table comes first")
        let rest = workspace.takeZeros(block.count - words.count)
        func gradient(_ name: String) -> FloatSlice {
            let range = block.entry("text.embeddings.\(name)").range
            return rest.part(range.lowerBound - words.count, range.count)
        }
        backend.layerNormBackward(
            dOutput, gradient("LayerNorm.weight"), gradient("LayerNorm.bias"), dOutput, kept.sum, kept.mean,
            kept.rstd, slice(weights, "LayerNorm.weight"), residual: nil, shape)
        backend.scatterAddRows(gradient("position_embeddings.weight"), dOutput, batch.positions, width: width)
        backend.sumRows(gradient("token_type_embeddings.weight"), dOutput, shape)
        let pieces = wordPieces(dOutput, batch.identifiers, workspace)
        return SparseGradient(count: block.count, pieces: pieces + [.init(start: words.count, values: rest)])
    }

    /// The gradient of the words' rows; neighbours in the table are one piece.
    private func wordPieces(
        _ dOutput: FloatSlice, _ identifiers: [Int], _ workspace: Workspace
    ) -> [SparseGradient.Piece] {
        let words = Set(identifiers).sorted()
        let places = Dictionary(uniqueKeysWithValues: zip(words, words.indices))
        let values = workspace.takeZeros(words.count * width)
        backend.scatterAddRows(values, dOutput, identifiers.map { places[$0] ?? 0 }, width: width)
        var pieces: [SparseGradient.Piece] = []
        var first = 0
        for end in 1...words.count where end == words.count || words[end] != words[end - 1] + 1 {
            pieces.append(
                .init(start: words[first] * width, values: values.part(first * width, (end - first) * width)))
            first = end
        }
        return pieces
    }

    private func slice(_ weights: BlockWeights, _ name: String) -> FloatSlice {
        weights.values.slice(block.entry("text.embeddings.\(name)"))
    }
}
