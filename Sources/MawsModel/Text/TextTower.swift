import MawsBase
import MawsKernels
import MawsPlan
import MawsTensor

/// The text tower: XLM-R (RoBERTa) from token ids to the hidden state of `<s>`, post-norm, no dropout, no pooler.
///
/// The last layer computes only the `<s>` of each caption, since nothing else of it is used.
package final class TextTower {
    /// One forward pass, for the backward pass. Its memory is the workspace's that it was computed in.
    package final class Activations {
        let batch: TextBatch
        let embedding: TextEmbedding.Activations
        let pass: TransformerPass
        package let workspace: Workspace
        /// Hidden state of each caption's `<s>`, [captions, width].
        package var begin: FloatSlice { pass.output }

        fileprivate init(
            _ batch: TextBatch, _ embedding: TextEmbedding.Activations, _ pass: TransformerPass, _ workspace: Workspace
        ) {
            (self.batch, self.embedding, self.pass, self.workspace) = (batch, embedding, pass, workspace)
        }
    }

    private let model: TextModelPlan
    private let firstBlock: Int
    private let embedding: TextEmbedding
    private let stack: TransformerStack
    private let isEmbeddingTrained: Bool

    /// - Parameter table: a stage's table that holds the blocks `text.embed` and `text.block.0` ….
    package init(_ model: TextModelPlan, table: BlockTable, backend: ComputeBackend) {
        guard let first = table.index(of: "text.embed") else { preconditionFailure("the table has no text tower") }
        precondition(model.depth > 0, "a text tower has at least one layer")
        self.model = model
        firstBlock = first
        isEmbeddingTrained = table.blocks[first].isTrainable
        embedding = TextEmbedding(block: table.blocks[first], width: model.width, backend: backend)
        let blocks = first + 1..<first + 1 + model.depth
        stack = TransformerStack(
            table, blocks: blocks, layers: blocks.map { TransformerLayer(text: table.blocks[$0]) }, backend: backend)
    }

    /// - Parameter keeps: what for `backward`. `inputs` and `everything` give the same bits.
    package func forward(
        _ batch: TextBatch, keeps: KeptActivations, workspace: Workspace, weights: any WeightSource
    ) throws -> Activations {
        let (hidden, kept) = embedding.forward(batch, try weights.gather(firstBlock), workspace)
        weights.release(firstBlock)
        let shape = TransformerShape(
            batch: batch.count, tokens: batch.tokens, queries: batch.tokens, width: model.width, heads: model.heads,
            mlp: model.mlp)
        let pass = try stack.forward(
            hidden, shape, validTokens: batch.validTokens, firstTokenOnly: true, keeps: keeps, workspace: workspace,
            weights: weights)
        return Activations(batch, kept, pass, workspace)
    }

    /// Pushes the gradients of the tower's blocks that are trained, last first.
    /// - Parameter dBegin: gradient of `activations.begin`.
    package func backward(
        _ dBegin: FloatSlice, _ activations: Activations, weights: any WeightSource, gradients: any GradientSink,
        buffers: GradientBuffers
    ) throws {
        let dHidden = try stack.backward(
            activations.pass, dBegin, needsInput: isEmbeddingTrained, weights: weights, gradients: gradients,
            buffers: buffers)
        guard let dHidden else { return }
        let gradient = embedding.backward(
            dHidden, activations.batch, activations.embedding, try weights.gather(firstBlock), activations.workspace)
        weights.release(firstBlock)
        try gradients.push(firstBlock, gradient)
    }
}
