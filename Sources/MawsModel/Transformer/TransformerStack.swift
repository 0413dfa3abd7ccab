import MawsBase
import MawsKernels
import MawsTensor

/// What a forward pass leaves for the backward pass.
package enum KeptActivations: Sendable {
    /// There is no backward pass.
    case nothing
    /// Each block's input, from which the block is computed again (activation checkpointing, as torch.utils.checkpoint
    /// does it). The bits are those of `everything`.
    case inputs
    case everything
}

/// One forward pass through a stack: its output and what the backward pass needs, in the memory of one workspace.
final class TransformerPass {
    /// [batch · tokens, width], or [batch, width] when only the first token was asked for.
    fileprivate(set) var output: FloatSlice
    fileprivate let workspace: Workspace
    fileprivate let shapes: [TransformerShape]
    fileprivate let validTokens: [Int]?
    fileprivate var inputs: [FloatSlice] = []
    fileprivate var kept: [LayerActivations] = []

    fileprivate init(_ input: FloatSlice, _ shapes: [TransformerShape], _ validTokens: [Int]?, _ workspace: Workspace) {
        (output, self.shapes, self.validTokens, self.workspace) = (input, shapes, validTokens, workspace)
    }
}

/// Transformer blocks one after the other: each is gathered, used and released, forward and again backward, and its
/// gradient is pushed as soon as it is complete.
final class TransformerStack {
    private let table: BlockTable
    private let blocks: Range<Int>
    private let layers: [TransformerLayer]
    private let backend: ComputeBackend

    /// - Parameter blocks: indices of the blocks in the table, in forward order, and `layers` their arithmetic.
    init(_ table: BlockTable, blocks: Range<Int>, layers: [TransformerLayer], backend: ComputeBackend) {
        precondition(blocks.count == layers.count)
        self.table = table
        self.blocks = blocks
        self.layers = layers
        self.backend = backend
    }

    /// - Parameters:
    ///   - input: [batch · tokens, width].
    ///   - validTokens: for each sequence how many leading tokens may be attended to; nil: all.
    ///   - firstTokenOnly: the last block computes the first token of each sequence and no other.
    ///   - workspace: has the pass's memory.
    func forward(
        _ input: FloatSlice, _ shape: TransformerShape, validTokens: [Int]? = nil, firstTokenOnly: Bool,
        keeps: KeptActivations, workspace: Workspace, weights: any WeightSource
    ) throws -> TransformerPass {
        let shapes = layers.indices.map { index in
            var layer = shape
            layer.queries = firstTokenOnly && index == layers.count - 1 ? 1 : shape.tokens
            return layer
        }
        let pass = TransformerPass(input, shapes, validTokens, workspace)
        for index in layers.indices {
            let buffer = try weights.gather(blocks.lowerBound + index)
            backend.packForward(buffer, layers[index].parameters.matrices)
            forward(pass, index, keeps, buffer)
            weights.release(blocks.lowerBound + index)
        }
        return pass
    }

    /// Number of the lowest layer that is trained; nil where none is.
    var lowestTrained: Int? { layers.indices.first { table.blocks[blocks.lowerBound + $0].isTrainable } }

    /// The gradient of the input [batch · tokens, width], after pushing the gradients of the blocks that are trained,
    /// last block first. Frozen blocks hand the stream's gradient on, and have no memory for one of their own.
    /// - Parameters:
    ///   - dOutput: of the pass's output.
    ///   - needsInput: whether anything below the stack is trained. Otherwise it ends with its lowest trained block,
    ///     and the result is nil.
    func backward(
        _ pass: TransformerPass, _ dOutput: FloatSlice, needsInput: Bool = true, weights: any WeightSource,
        gradients: any GradientSink, buffers: GradientBuffers
    ) throws -> FloatSlice? {
        guard let lowest = needsInput ? 0 : lowestTrained else { return nil }
        // Blocks alternate between two memories for the stream's gradient, whatever the depth.
        let count = pass.shapes.first.map { $0.rows * $0.width } ?? 0
        let memories = [pass.workspace.take(count), pass.workspace.take(count)]
        var dx = dOutput
        for index in (lowest..<layers.count).reversed() {
            let block = blocks.lowerBound + index
            let gradient = buffers.takeIfTrained(block, of: table, for: gradients)
            let buffer = try weights.gather(block)
            let mark = pass.workspace.mark
            backward(pass, index, memories[index % 2], gradient, dx, buffer)
            pass.workspace.release(to: mark)
            weights.release(block)
            if let gradient { try gradients.push(block, gradient) }
            dx = memories[index % 2]
        }
        return needsInput ? dx : nil
    }

    private func forward(_ pass: TransformerPass, _ index: Int, _ keeps: KeptActivations, _ buffer: BlockWeights) {
        let (shape, x) = (pass.shapes[index], pass.output)
        let isNew = keeps != .nothing || shape.queries < shape.tokens
        pass.output = isNew ? pass.workspace.take(shape.outputRows * shape.width) : x
        pass.inputs.append(x)
        if keeps == .everything {
            pass.kept.append(activations(index, shape, x, pass.workspace))
            forward(pass, index, pass.output, pass.kept[index], buffer)
        } else {
            forwardForgetting(pass, index, pass.output, x, buffer)
        }
    }

    private func backward(
        _ pass: TransformerPass, _ index: Int, _ dInput: FloatSlice, _ gradient: FloatBuffer?, _ dOutput: FloatSlice,
        _ buffer: BlockWeights
    ) {
        let (layer, shape, groups) = (layers[index], pass.shapes[index], pass.shapes[index].groups)
        let kept = pass.kept.isEmpty ? recomputeForward(pass, index, buffer) : pass.kept[index]
        backend.packBackward(buffer, layer.parameters.matrices)
        let gradients = LayerGradients(
            shape, groups: groups.count, kept: kept, dOutput: dOutput, layer.order, backend.operands, pass.workspace)
        backend.forEach(groups.count) { piece, worker in
            let group = groups[piece]
            layer.backward(
                dInput.sequences(group, of: shape.batch),
                gradients.part(group, of: shape.batch, group: piece, of: groups.count),
                dOutput.sequences(group, of: shape.batch), kept.part(group, of: shape.batch), buffer,
                validTokens: pass.validTokens.map { Array($0[group]) }, shape.with(batch: group.count), worker,
                isTrained: gradient != nil)
        }
        if let gradient { layer.addParameterGradients(to: gradient, gradients, kept, shape, backend) }
    }

    private func activations(
        _ index: Int, _ shape: TransformerShape, _ input: FloatSlice, _ workspace: Workspace
    ) -> LayerActivations {
        LayerActivations(input: input, shape, layers[index].order, backend.operands, workspace)
    }

    /// - Parameter output: nil where only the activations are wanted.
    private func forward(
        _ pass: TransformerPass, _ index: Int, _ output: FloatSlice?, _ kept: LayerActivations, _ buffer: BlockWeights
    ) {
        let (layer, shape, groups) = (layers[index], pass.shapes[index], pass.shapes[index].groups)
        backend.forEach(groups.count) { piece, worker in
            let group = groups[piece]
            layer.forward(
                output?.sequences(group, of: shape.batch), kept.part(group, of: shape.batch), buffer,
                validTokens: pass.validTokens.map { Array($0[group]) }, shape.with(batch: group.count), worker)
        }
    }

    /// The block's activations once more, from its kept input.
    private func recomputeForward(_ pass: TransformerPass, _ index: Int, _ buffer: BlockWeights) -> LayerActivations {
        let kept = activations(index, pass.shapes[index], pass.inputs[index], pass.workspace)
        backend.packForward(buffer, layers[index].parameters.matrices)
        forward(pass, index, nil, kept, buffer)
        return kept
    }

    /// `output` may be `x`. Activations live in the workers' memory while their group is computed.
    private func forwardForgetting(
        _ pass: TransformerPass, _ index: Int, _ output: FloatSlice, _ x: FloatSlice, _ buffer: BlockWeights
    ) {
        let (layer, shape, groups) = (layers[index], pass.shapes[index], pass.shapes[index].groups)
        backend.forEach(groups.count) { piece, worker in
            let (group, mark) = (groups[piece], worker.scratch.mark)
            let part = shape.with(batch: group.count)
            let kept = activations(index, part, x.sequences(group, of: shape.batch), worker.scratch)
            layer.forward(
                output.sequences(group, of: shape.batch), kept, buffer,
                validTokens: pass.validTokens.map { Array($0[group]) }, part, worker)
            worker.scratch.release(to: mark)
        }
    }
}
