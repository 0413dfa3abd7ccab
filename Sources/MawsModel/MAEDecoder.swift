import MawsBase
import MawsKernels
import MawsPlan
import MawsTensor

/// The masked autoencoder's decoder: mask tokens take the places of the hidden patches, a small transformer sees all
/// places, and a linear map predicts the pixels of the hidden patches.
package final class MAEDecoder {
    private let model: ImageModelPlan
    private let decoder: DecoderPlan
    private let backend: ComputeBackend
    private let workspace: Workspace
    private let table: BlockTable
    private let stack: TransformerStack
    private let embedBlock: Int
    private let positionBlock: Int
    private let head: MAEPrediction
    private let embedding: LinearLayer
    private let maskToken: Range<Int>
    private var latent: FloatSlice?
    private var pass: TransformerPass?
    private var masking = Masking(perImage: 0, visible: 0, shuffles: [])

    package init(
        _ model: ImageModelPlan, _ decoder: DecoderPlan, table: BlockTable, backend: ComputeBackend,
        workspace: Workspace
    ) {
        guard let embed = table.index(of: "decoder.embed"), let position = table.index(of: "decoder.position") else {
            preconditionFailure("the table has no decoder")
        }
        self.model = model
        self.decoder = decoder
        self.table = table
        self.backend = backend
        self.workspace = workspace
        (embedBlock, positionBlock) = (embed, position)
        let first = position + 1
        let blocks = first..<first + decoder.depth
        stack = TransformerStack(
            table, blocks: blocks, layers: blocks.map { TransformerLayer(image: table.blocks[$0]) }, backend: backend)
        head = MAEPrediction(table, block: first + decoder.depth, backend: backend, workspace: workspace)
        embedding = LinearLayer("decoder_embed", in: table.blocks[embed], backend: backend)
        maskToken = table.blocks[embed].entry("mask_token").range
    }

    /// Predicted values of the hidden patches, [hidden.indices.count, patch length], in the order of `hidden`.
    /// - Parameter latent: what the encoder made of the visible patches, [images · (visible + 1), width].
    /// - Parameter keeps: what for `backward`.
    package func forward(
        _ latent: FloatSlice, _ masking: Masking, keeps: KeptActivations, weights: any WeightSource
    ) throws -> FloatSlice {
        (self.latent, self.masking) = (latent, masking)
        let (images, tokens) = (masking.imageCount, masking.perImage + 1)
        let x = workspace.take(images * tokens * decoder.width)
        let mark = workspace.mark
        try embed(x, latent, weights: weights)
        workspace.release(to: mark)
        let positions = try weights.gather(positionBlock)
        for image in 0..<images {
            let part = x.part(image * tokens * decoder.width, tokens * decoder.width)
            backend.add(part, part, positions.values.all)
        }
        weights.release(positionBlock)
        let shape = TransformerShape(
            batch: images, tokens: tokens, queries: tokens, width: decoder.width, heads: decoder.heads,
            mlp: 4 * decoder.width)
        let pass = try stack.forward(
            x, shape, firstTokenOnly: false, keeps: keeps, workspace: workspace, weights: weights)
        self.pass = pass
        return try head.forward(pass.output, rows: hiddenRows, weights: weights)
    }

    /// Pushes the decoder's gradients and returns the gradient of `latent`.
    package func backward(
        _ dPrediction: FloatSlice, weights: any WeightSource, gradients: any GradientSink, buffers: GradientBuffers
    ) throws -> FloatSlice {
        guard let pass else { preconditionFailure("backward before forward") }
        let dHead = try head.backward(
            dPrediction, rows: hiddenRows, tokens: masking.imageCount * (masking.perImage + 1), weights: weights,
            gradients: gradients, buffers: buffers)
        guard
            let dx = try stack.backward(pass, dHead, weights: weights, gradients: gradients, buffers: buffers)
        else { preconditionFailure("a decoder's input has a gradient") }
        return try embedBackward(dx, weights: weights, gradients: gradients, buffers: buffers)
    }

    /// x = rows of a table that holds the embedded visible tokens and, last, the mask token.
    private func embed(_ x: FloatSlice, _ latent: FloatSlice, weights: any WeightSource) throws {
        let rows = latent.count / model.width
        let choices = workspace.take((rows + 1) * decoder.width)
        let buffer = try weights.gather(embedBlock)
        embedding.forward(choices.part(0, rows * decoder.width), latent, buffer, workspace: workspace)
        choices.from(rows * decoder.width).copy(from: buffer.slice(maskToken))
        weights.release(embedBlock)
        backend.gatherRows(x, choices, sourceRows, width: decoder.width)
    }

    private func embedBackward(
        _ dx: FloatSlice, weights: any WeightSource, gradients: any GradientSink, buffers: GradientBuffers
    ) throws -> FloatSlice {
        guard let latent else { preconditionFailure("backward before forward") }
        let rows = latent.count / model.width
        let dLatent = workspace.take(latent.count)
        let dChoices = workspace.takeZeros((rows + 1) * decoder.width)
        backend.scatterAddRows(dChoices, dx, sourceRows, width: decoder.width)
        let gradient = buffers.take(embedBlock, count: table.blocks[embedBlock].count, for: gradients)
        let buffer = try weights.gather(embedBlock)
        let dEmbedded = dChoices.part(0, rows * decoder.width)
        embedding.backward(dLatent, gradient, dEmbedded, latent, buffer, workspace: workspace)
        let dMaskToken = gradient.slice(maskToken)
        backend.add(dMaskToken, dMaskToken, dChoices.from(rows * decoder.width))
        weights.release(embedBlock)
        try gradients.push(embedBlock, gradient)
        return dLatent
    }

    /// For each of the decoder's tokens the embedded token it is, or the mask token behind them all.
    private var sourceRows: [Int] {
        let perImage = masking.visible + 1
        let mask = masking.imageCount * perImage
        return (0..<masking.imageCount).flatMap { image in
            var rows = [Int](repeating: mask, count: masking.perImage + 1)
            rows[0] = image * perImage
            for (place, patch) in masking.visiblePatches(of: image).enumerated() {
                rows[1 + patch] = image * perImage + 1 + place
            }
            return rows
        }
    }

    /// The decoder's token of each hidden patch.
    private var hiddenRows: [Int] {
        let hidden = masking.hiddenSelection
        return hidden.indices.enumerated().map { row, patch in
            row / hidden.perImage * (masking.perImage + 1) + 1 + patch
        }
    }
}
