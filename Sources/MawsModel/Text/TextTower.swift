import MawsBase
import MawsKernels
import MawsPlan
import MawsTensor

/// The text tower: XLM-R (RoBERTa) from token ids to the hidden state of `<s>`, post-norm, no dropout, no pooler.
public final class TextTower {
    /// `layer_norm_eps` of XLM-R.
    static let normEpsilon: Float = 1e-5

    /// One forward pass, for the backward pass. A layer's inner activations are absent where they are computed again.
    public final class Activations {
        let batch: TextBatch
        let embedding: TextEmbedding.Activations
        /// Input of each layer [rows, width].
        fileprivate(set) var inputs: [FloatBuffer] = []
        fileprivate(set) var layers: [TextBlock.Activations?] = []
        /// Hidden state of each caption's `<s>`, [captions, width].
        public fileprivate(set) var begin: FloatBuffer

        fileprivate init(batch: TextBatch, embedding: TextEmbedding.Activations) {
            self.batch = batch
            self.embedding = embedding
            begin = FloatBuffer(count: 0)
        }
    }

    private let model: TextModelPlan
    private let firstBlock: Int
    private let embedding: TextEmbedding
    private let layers: [TextBlock]
    private let keptBytesMax: Int

    /// - Parameters:
    ///   - table: a stage's table that holds the blocks `text.embed` and `text.block.0` ….
    ///   - keptBytesMax: most bytes of inner activations kept between the passes; above it each layer is computed again
    ///     from its input. Either way gives the same bits.
    public init(
        _ model: TextModelPlan, table: BlockTable, backend: any ComputeBackend, keptBytesMax: Int = 64 << 20
    ) {
        guard let first = table.index(of: "text.embed") else { preconditionFailure("the table has no text tower") }
        precondition(model.depth > 0, "a text tower has at least one layer")
        self.model = model
        self.keptBytesMax = keptBytesMax
        firstBlock = first
        embedding = TextEmbedding(block: table.blocks[first], width: model.width, backend: backend)
        layers = (0..<model.depth).map {
            TextBlock(block: table.blocks[first + 1 + $0], index: $0, model: model, backend: backend)
        }
    }

    public func forward(_ batch: TextBatch, weights: any WeightSource) throws -> Activations {
        var (hidden, kept) = embedding.forward(batch, try weights.gather(firstBlock))
        weights.release(firstBlock)
        let activations = Activations(batch: batch, embedding: kept)
        let keepsLayers = layers.count * layerBytes(batch) <= keptBytesMax
        for (index, layer) in layers.enumerated() {
            let (output, inner) = layer.forward(hidden, batch, try weights.gather(firstBlock + 1 + index))
            weights.release(firstBlock + 1 + index)
            activations.inputs.append(hidden)
            activations.layers.append(keepsLayers ? inner : nil)
            hidden = output
        }
        activations.begin = hidden
        return activations
    }

    /// Pushes the gradients of the tower's blocks, last first.
    /// - Parameter dBegin: gradient of `activations.begin`.
    public func backward(
        _ dBegin: FloatBuffer, _ activations: Activations, weights: any WeightSource, gradients: any GradientSink
    ) throws {
        let batch = activations.batch
        var dHidden = FloatBuffer(count: dBegin.count)
        dHidden.all.copy(from: dBegin.all)
        for (index, layer) in layers.enumerated().reversed() {
            let block = firstBlock + 1 + index
            let layerWeights = try weights.gather(block)
            let input = activations.inputs[index]
            let kept = activations.layers[index] ?? layer.forward(input, batch, layerWeights).1
            let gradient = FloatBuffer(count: layer.block.count)
            dHidden = layer.backward(dHidden, input, batch, kept, layerWeights, gradient)
            weights.release(block)
            try gradients.push(block, gradient)
        }
        let gradient = FloatBuffer(count: embedding.block.count)
        embedding.backward(dHidden, batch, activations.embedding, try weights.gather(firstBlock), gradient)
        weights.release(firstBlock)
        try gradients.push(firstBlock, gradient)
    }

    /// Bytes of one layer's inner activations.
    private func layerBytes(_ batch: TextBatch) -> Int {
        let rowFloats = 7 * model.width + 2 * model.mlp + 4 + model.heads * batch.tokens
        return batch.rows * rowFloats * MemoryLayout<Float>.stride
    }
}
