internal import COneDNN
import MawsTensor

/// Products of oneDNN: fp32, and bfloat16 where the CPU multiplies it.
///
/// oneDNN makes code for each shape, which takes 1 to 2 ms and 100 to 160 KiB. It is kept, so that a step that was
/// computed once makes nothing more; but captions of all lengths have more shapes than there is memory for their code.
final class OneDNNProducts: MatrixProducts {
    /// `oneDNN 2.6.3`.
    static var name: String { "oneDNN \(String(cString: maws_onednn_version()))" }
    static var instructionSet: String { String(cString: maws_onednn_instruction_set()) }
    static var multipliesBFloat16: Bool { maws_onednn_multiplies_bf16() != 0 }

    /// A step of images has some fifty shapes, and up to 30 MiB of code a thread are small beside its activations.
    private static let productsMax = 192
    private var products = RecentlyUsed<ProductShape, OpaquePointer>(limit: productsMax) { maws_onednn_free($0) }
    private var scratch = FloatBuffer(count: 0)

    deinit { products.removeAll() }

    func run(_ shape: ProductShape, _ operands: ProductOperands) {
        reserve(shape)
        maws_onednn_run(
            product(shape), operands.c, operands.a, operands.b, operands.bias, operands.residual, scratch.pointer)
    }

    func reserve(_ shape: ProductShape) {
        let floats = (maws_onednn_scratch_bytes(product(shape)) + 3) / 4
        if scratch.count < floats { scratch = FloatBuffer(count: floats) }
    }

    var scratchByteCount: Int { scratch.bytes.count }

    func packedFloats(n: Int, k: Int, _ element: ElementType) -> Int? {
        let bytes = maws_onednn_packed_bytes(Int64(n), Int64(k), element == .bfloat16 ? 1 : 0)
        return bytes == 0 ? nil : (bytes + 3) / 4
    }

    func pack(_ packed: FloatSlice, _ b: FloatSlice, _ shape: ProductShape) {
        maws_onednn_pack(
            packed.pointer, b.pointer, Int64(shape.bRow), Int64(shape.bColumn), Int64(shape.n), Int64(shape.k),
            shape.operands == .bfloat16 ? 1 : 0)
    }

    private func product(_ shape: ProductShape) -> OpaquePointer {
        products.value(for: shape) {
            var request = MawsProductShape(shape)
            guard let product = maws_onednn_product(&request) else {
                preconditionFailure("oneDNN has no product of shape \(shape)")
            }
            return product
        }
    }
}

extension MawsProductShape {
    fileprivate init(_ shape: ProductShape) {
        self.init(
            m: Int64(shape.m), n: Int64(shape.n), k: Int64(shape.k), a_row: Int64(shape.aRow),
            a_column: Int64(shape.aColumn), b_row: Int64(shape.bRow), b_column: Int64(shape.bColumn),
            c_row: Int64(shape.cRow), residual_row: Int64(shape.cRow),
            bf16_operands: shape.operands == .bfloat16 ? 1 : 0, bf16_result: shape.result == .bfloat16 ? 1 : 0,
            packed: shape.isPacked ? 1 : 0, has_bias: shape.hasBias ? 1 : 0,
            has_residual: shape.hasResidual ? 1 : 0, adds: shape.adds ? 1 : 0)
    }
}
