import MawsBase
import MawsKernels
import MawsTensor

/// The decoder's last norm and the linear map to pixels, on some of its rows.
final class MAEPrediction {
    private let backend: ComputeBackend
    private let workspace: Workspace
    private let block: Int
    private let count: Int
    private let width: Int
    private let length: Int
    private let normWeight, normBias: Range<Int>
    private let pixels: LinearLayer
    private var input: FloatSlice?
    private var normed: FloatSlice?
    private var mean: FloatSlice?
    private var rstd: FloatSlice?

    init(_ table: BlockTable, block index: Int, backend: ComputeBackend, workspace: Workspace) {
        self.backend = backend
        self.workspace = workspace
        block = index
        let block = table.blocks[index]
        count = block.count
        normWeight = block.entry("decoder_norm.weight").range
        normBias = block.entry("decoder_norm.bias").range
        pixels = LinearLayer("decoder_pred", in: block, backend: backend)
        (width, length) = (normWeight.count, block.entry("decoder_pred.bias").range.count)
    }

    /// [rows.count, patch length] from the rows of `x` [tokens, width] named.
    func forward(_ x: FloatSlice, rows: [Int], weights: any WeightSource) throws -> FloatSlice {
        let prediction = workspace.take(rows.count * length)
        let (input, normed) = (workspace.take(rows.count * width), workspace.take(rows.count * width))
        let (mean, rstd) = (workspace.take(rows.count), workspace.take(rows.count))
        backend.gatherRows(input, x, rows, width: width)
        let buffer = try weights.gather(block)
        backend.layerNormForward(
            normed, mean, rstd, input, buffer.slice(normWeight), buffer.slice(normBias),
            epsilon: TransformerLayer.imageEpsilon, RowShape(rows: rows.count, width: width))
        pixels.forward(prediction, normed, buffer, workspace: workspace)
        weights.release(block)
        (self.input, self.normed, self.mean, self.rstd) = (input, normed, mean, rstd)
        return prediction
    }

    /// The gradient of `x` [tokens, width], after pushing the block's own.
    func backward(
        _ dPrediction: FloatSlice, rows: [Int], tokens: Int, weights: any WeightSource, gradients: any GradientSink,
        buffers: GradientBuffers
    ) throws -> FloatSlice {
        guard let input, let normed, let mean, let rstd else { preconditionFailure("backward before forward") }
        let dx = workspace.takeZeros(tokens * width)
        let mark = workspace.mark
        let dNormed = workspace.take(rows.count * width)
        let gradient = buffers.take(block, count: count, for: gradients)
        let buffer = try weights.gather(block)
        pixels.backward(dNormed, gradient, dPrediction, normed, buffer, workspace: workspace)
        backend.layerNormBackward(
            dNormed, gradient.slice(normWeight), gradient.slice(normBias), dNormed, input, mean, rstd,
            buffer.slice(normWeight), residual: nil, RowShape(rows: rows.count, width: width))
        weights.release(block)
        backend.scatterAddRows(dx, dNormed, rows, width: width)
        workspace.release(to: mark)
        try gradients.push(block, gradient)
        return dx
    }
}
