import MawsBase
import MawsKernels
import MawsTensor

/// Transformer blocks one after the other: each is gathered, used and released, forward and again backward, and its
/// gradient is pushed as soon as it is complete.
///
/// Inside a block, sequences go through in groups whose activations fit the cache. The group's size is fixed, so it is
/// part of what a unit's gradient is.
final class TransformerStack {
    /// Rows (tokens) of a group, unless one sequence has more.
    private static let groupRows = 512

    private let table: BlockTable
    private let blocks: Range<Int>
    private let layers: [TransformerBlock]
    private let workspace: Workspace
    private var shapes: [TransformerShape] = []
    private var saved: [TransformerActivations] = []

    /// - Parameter blocks: indices of the blocks in the table, in forward order.
    init(_ table: BlockTable, blocks: Range<Int>, backend: any ComputeBackend, workspace: Workspace) {
        self.table = table
        self.blocks = blocks
        self.workspace = workspace
        layers = blocks.map {
            TransformerBlock(backend: backend, parameters: TransformerParameters(table.blocks[$0]))
        }
    }

    /// The output rows: [batch · tokens, width], or [batch, width] when only the class token is asked for.
    ///
    /// The memory of the result, and of what is kept, is the workspace's.
    /// - Parameters:
    ///   - input: [batch · tokens, width].
    ///   - classTokenOnly: the last block computes the first token of each sequence and no other.
    ///   - keeps: whether `backward` will follow.
    func forward(
        _ input: FloatSlice, _ shape: TransformerShape, classTokenOnly: Bool, keeps: Bool, weights: any WeightSource
    ) throws -> FloatSlice {
        shapes = layers.indices.map { index in
            var layer = shape
            layer.queries = classTokenOnly && index == layers.count - 1 ? 1 : shape.tokens
            return layer
        }
        saved = []
        var x = input
        for index in layers.indices {
            let output = keeps || shapes[index].queries < shape.tokens ? workspace.take(outputCount(index)) : x
            let buffer = try weights.gather(blocks.lowerBound + index)
            if keeps {
                forwardKeeping(output, x, layers[index], buffer, shapes[index])
            } else {
                forwardForgetting(output, x, layers[index], buffer, shapes[index])
            }
            weights.release(blocks.lowerBound + index)
            x = output
        }
        return x
    }

    /// The gradient of the input [batch · tokens, width], after pushing the blocks' gradients, last block first.
    /// - Parameter dOutput: overwritten.
    func backward(
        _ dOutput: FloatSlice, weights: any WeightSource, gradients: any GradientSink, buffers: GradientBuffers
    ) throws -> FloatSlice {
        var dx = dOutput
        for index in layers.indices.reversed() {
            let (block, shape) = (blocks.lowerBound + index, shapes[index])
            let dInput = shape.queries < shape.tokens ? workspace.take(shape.rows * shape.width) : dx
            let gradient = buffers.zeros(table.blocks[block].count)
            let buffer = try weights.gather(block)
            let mark = workspace.mark
            for group in Self.groups(shape) {
                let part = shape.with(batch: group.count)
                let scratch = TransformerScratch(part, workspace)
                layers[index].backward(
                    dInput.sequences(group, of: shape.batch), gradient, dx.sequences(group, of: shape.batch),
                    saved[index].part(group, of: shape.batch), buffer, scratch, part)
                workspace.release(to: mark)
            }
            weights.release(block)
            try gradients.push(block, gradient)
            dx = dInput
        }
        return dx
    }

    private func outputCount(_ index: Int) -> Int { shapes[index].outputRows * shapes[index].width }

    private func forwardKeeping(
        _ output: FloatSlice, _ x: FloatSlice, _ layer: TransformerBlock, _ weights: FloatBuffer,
        _ shape: TransformerShape
    ) {
        let kept = TransformerActivations(input: x, shape, workspace)
        saved.append(kept)
        let mark = workspace.mark
        let largest = shape.with(batch: Self.groupSize(shape))
        let activated = workspace.take(largest.outputRows * shape.mlp)
        let classRows = workspace.take(largest.outputRows * shape.width)
        for group in Self.groups(shape) {
            let part = shape.with(batch: group.count)
            layer.forward(
                output.sequences(group, of: shape.batch), kept.part(group, of: shape.batch), weights,
                activated: activated.part(0, part.outputRows * part.mlp), classRows: part.classRows(in: classRows), part
            )
        }
        workspace.release(to: mark)
    }

    /// `output` may be `x`.
    private func forwardForgetting(
        _ output: FloatSlice, _ x: FloatSlice, _ layer: TransformerBlock, _ weights: FloatBuffer,
        _ shape: TransformerShape
    ) {
        for group in Self.groups(shape) {
            let part = shape.with(batch: group.count)
            let mark = workspace.mark
            let kept = TransformerActivations(input: x.sequences(group, of: shape.batch), part, workspace)
            layer.forward(
                output.sequences(group, of: shape.batch), kept, weights,
                activated: workspace.take(part.outputRows * part.mlp),
                classRows: part.classRows(in: workspace.take(part.outputRows * part.width)), part)
            workspace.release(to: mark)
        }
    }

    private static func groupSize(_ shape: TransformerShape) -> Int {
        min(shape.batch, max(1, groupRows / shape.tokens))
    }

    private static func groups(_ shape: TransformerShape) -> [Range<Int>] {
        let size = groupSize(shape)
        return stride(from: 0, to: shape.batch, by: max(1, size)).map { $0..<min($0 + size, shape.batch) }
    }
}
