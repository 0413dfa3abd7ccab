import MawsBase
import MawsKernels
import MawsTensor

/// A linear layer outside of transformer blocks, of what MAE's decoder sees and says. Activations are fp32; what enters
/// its products is rounded to the backend's operand type, as in the blocks.
struct LinearLayer {
    private let weight: WeightMatrix
    private let bias: Range<Int>
    private let backend: ComputeBackend

    /// - Parameter name: of the layer's parameters in the block, `name.weight` and `name.bias`.
    init(_ name: String, in block: ParameterBlock, backend: ComputeBackend) {
        let (weight, bias) = (block.entry("\(name).weight").range, block.entry("\(name).bias").range)
        self.weight = WeightMatrix(weight, outputs: bias.count, inputs: weight.count / bias.count)
        (self.bias, self.backend) = (bias, backend)
    }

    /// y = x · weightᵀ + bias, for y [rows, outputs] and x [rows, inputs].
    /// - Parameter workspace: for as long as the call takes.
    func forward(_ y: FloatSlice, _ x: FloatSlice, _ weights: BlockWeights, workspace: Workspace) {
        let mark = workspace.mark
        backend.packForward(weights, [weight])
        backend.linearForward(
            ActivationSlice(y), operand(x, workspace), weights, weight, bias: weights.slice(bias), residual: nil,
            rows: x.count / weight.inputs)
        workspace.release(to: mark)
    }

    /// dx = dy · weight; the parameters' gradients are added to the block's.
    /// - Parameter workspace: for as long as the call takes.
    func backward(
        _ dx: FloatSlice, _ gradient: FloatBuffer, _ dy: FloatSlice, _ x: FloatSlice, _ weights: BlockWeights,
        workspace: Workspace
    ) {
        let mark = workspace.mark
        let shape = LinearShape(rows: dy.count / weight.outputs, inputs: weight.inputs, outputs: weight.outputs)
        let (dyOperand, xOperand) = (operand(dy, workspace), operand(x, workspace))
        backend.packBackward(weights, [weight])
        backend.linearBackward(ActivationSlice(dx), dyOperand, weights, weight, residual: nil, rows: shape.rows)
        backend.weightGradient(
            gradient.slice(weight.range), dyOperand, xOperand, outputs: 0..<weight.outputs, shape)
        backend.sumRows(gradient.slice(bias), dy, RowShape(rows: shape.rows, width: weight.outputs))
        workspace.release(to: mark)
    }

    private func operand(_ x: FloatSlice, _ workspace: Workspace) -> ActivationSlice {
        if backend.operands == .float32 { return ActivationSlice(x) }
        let operand = workspace.take(x.count, backend.operands)
        backend.convert(operand, x)
        return operand
    }
}
