import MawsBase
import MawsKernels
import MawsPlan
import MawsTensor

/// A Vision Transformer, forward and backward, over all patches or the visible ones.
///
/// One unit at a time: `backward` uses what the last `forward` kept. Results lie in the workspace and are valid until
/// its owner releases them.
package final class ImageTower {
    /// Which tokens come out.
    package enum Output: Sendable {
        case allTokens
        case classToken
    }

    private let model: ImageModelPlan
    private let table: BlockTable
    private let backend: ComputeBackend
    private let workspace: Workspace
    private let stack: TransformerStack
    private let embed: ImageEmbedding
    private let normBlock: Int
    private let normWeight: Range<Int>
    private let normBias: Range<Int>
    private var pass: TransformerPass?
    private var normInput: FloatSlice?
    private var mean: FloatSlice?
    private var rstd: FloatSlice?

    /// - Parameter prefix: before the names of the tower's blocks and parameters, `image.` inside a larger model.
    package init(
        _ model: ImageModelPlan, table: BlockTable, prefix: String = "", backend: ComputeBackend,
        workspace: Workspace
    ) {
        guard let first = table.index(of: "\(prefix)block.0"), let norm = table.index(of: "\(prefix)norm") else {
            preconditionFailure("the table has no image tower with prefix '\(prefix)'")
        }
        self.model = model
        self.table = table
        self.backend = backend
        self.workspace = workspace
        let blocks = first..<first + model.depth
        stack = TransformerStack(
            table, blocks: blocks, layers: blocks.map { TransformerLayer(image: table.blocks[$0]) }, backend: backend)
        embed = ImageEmbedding(model, table: table, prefix: prefix, backend: backend, workspace: workspace)
        normBlock = norm
        normWeight = table.blocks[norm].entry("\(prefix)norm.weight").range
        normBias = table.blocks[norm].entry("\(prefix)norm.bias").range
    }

    /// Tokens after the last norm: [images · (visible + 1), width] with the class token first, or [images, width].
    /// - Parameters:
    ///   - images: (count, channels, size, size).
    ///   - visible: the patches that the tower sees.
    ///   - keeps: what for `backward`.
    ///   - isolated: each image is computed by itself, so that its result depends on no other image in the call.
    package func forward(
        _ images: FloatSlice, visible: PatchSelection, output: Output, keeps: KeptActivations, isolated: Bool = false,
        weights: any WeightSource
    ) throws -> FloatSlice {
        let count = visible.imageCount
        let tokens = try embed.forward(images, visible, isolated: isolated, weights: weights)
        var shape = TransformerShape(
            batch: count, tokens: visible.perImage + 1, queries: visible.perImage + 1, width: model.width,
            heads: model.heads, mlp: model.mlp)
        shape.isIsolated = isolated
        let pass = try stack.forward(
            tokens, shape, firstTokenOnly: output == .classToken, keeps: keeps, workspace: workspace,
            weights: weights)
        self.pass = pass
        return try normForward(pass.output, weights: weights)
    }

    /// Pushes the gradient of every block of the tower that is trained, last block first; what lies below the lowest of
    /// them is not gone through.
    /// - Parameter dOutput: the gradient of what `forward` returned; overwritten.
    package func backward(
        _ dOutput: FloatSlice, weights: any WeightSource, gradients: any GradientSink, buffers: GradientBuffers
    ) throws {
        guard let pass else { preconditionFailure("backward before forward") }
        let trainsBelow = embed.isTrained || stack.lowestTrained != nil
        guard trainsBelow || table.blocks[normBlock].isTrainable else { return }
        try normBackward(dOutput, weights: weights, gradients: gradients, buffers: buffers)
        let dTokens = try stack.backward(
            pass, dOutput, needsInput: embed.isTrained, weights: weights, gradients: gradients, buffers: buffers)
        if let dTokens { try embed.backward(dTokens, gradients: gradients, buffers: buffers) }
    }

    private func normForward(_ x: FloatSlice, weights: any WeightSource) throws -> FloatSlice {
        let shape = RowShape(rows: x.count / model.width, width: model.width)
        let (y, mean, rstd) = (workspace.take(x.count), workspace.take(shape.rows), workspace.take(shape.rows))
        let buffer = try weights.gather(normBlock)
        backend.layerNormForward(
            y, mean, rstd, x, buffer.slice(normWeight), buffer.slice(normBias),
            epsilon: TransformerLayer.imageEpsilon, shape)
        weights.release(normBlock)
        (normInput, self.mean, self.rstd) = (x, mean, rstd)
        return y
    }

    /// In place over `dy`.
    private func normBackward(
        _ dy: FloatSlice, weights: any WeightSource, gradients: any GradientSink, buffers: GradientBuffers
    ) throws {
        guard let x = normInput, let mean, let rstd else { preconditionFailure("backward before forward") }
        let gradient = buffers.takeIfTrained(normBlock, of: table, for: gradients)
        let mark = workspace.mark
        let sums = gradient?.all ?? workspace.takeZeros(table.blocks[normBlock].count)
        let buffer = try weights.gather(normBlock)
        backend.layerNormBackward(
            dy, sums.part(normWeight), sums.part(normBias), dy, x, mean, rstd,
            buffer.slice(normWeight), residual: nil, RowShape(rows: x.count / model.width, width: model.width))
        weights.release(normBlock)
        workspace.release(to: mark)
        if let gradient { try gradients.push(normBlock, gradient) }
    }
}
