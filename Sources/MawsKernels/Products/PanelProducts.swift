internal import CVectorLoops
import MawsTensor

/// Our own loops for AVX-512 where they cover a product, others' products for the rest.
///
/// They cover activations times packed weights, forward and backward, and gradients of weights: the bulk of a step.
/// Both operands of a gradient change with every unit; here they are put in order in parts that stay in the cache,
/// where a library copies them as a whole. With tiles for bfloat16 (AMX) the library is the faster one.
final class PanelProducts: MatrixProducts {
    /// In the name of a compute profile's library.
    static let name = "panels"

    /// Rows of a gradient that scratch is made for at once: which pieces a thread gets first is chance, and none of the
    /// usual ones is to make it again.
    private static let scratchRows = 512

    private let others: any MatrixProducts
    private var scratch = FloatBuffer(count: 0)

    init(others: any MatrixProducts) { self.others = others }

    /// Whether there are such loops, and none of the library's for `instructionSet` is faster.
    static func areFastest(instructionSet: String) -> Bool {
        loops(.float32) != nil && ["avx512_core", "avx512_core_vnni", "avx512_core_bf16"].contains(instructionSet)
    }

    func run(_ shape: ProductShape, _ operands: ProductOperands) {
        guard let loops = loops(shape) else { return others.run(shape, operands) }
        if shape.isPacked {
            var product = MawsPanelProduct(shape, operands)
            loops.product(&product)
        } else {
            reserve(shape)
            var product = MawsGradientProduct(shape, operands)
            loops.gradient(&product, scratch.pointer)
        }
    }

    func reserve(_ shape: ProductShape) {
        guard loops(shape) != nil else { return others.reserve(shape) }
        let floats = shape.isPacked ? 0 : maws_gradient_scratch_bytes(max(shape.m, Self.scratchRows)) / 4
        if scratch.count < floats { scratch = FloatBuffer(count: floats) }
    }

    var scratchByteCount: Int { scratch.bytes.count + others.scratchByteCount }

    func packedFloats(n: Int, k: Int, _ element: ElementType) -> Int? {
        guard Self.loops(element) != nil, k % element.wordElements == 0 else {
            return others.packedFloats(n: n, k: k, element)
        }
        return maws_panel_bytes(k / element.wordElements, n) / 4
    }

    func pack(_ packed: FloatSlice, _ b: FloatSlice, _ shape: ProductShape) {
        guard let loops = Self.loops(shape.operands), shape.k % shape.operands.wordElements == 0 else {
            return others.pack(packed, b, shape)
        }
        loops.pack(packed.pointer, b.pointer, shape.bRow, shape.bColumn, shape.n, shape.k)
    }

    /// The loops that cover a product.
    private func loops(_ shape: ProductShape) -> MawsPanelLoops? {
        let covered = shape.isPacked ? shape.isOfActivations && !shape.adds : shape.isGradient
        return covered ? Self.loops(shape.operands) : nil
    }

    private static func loops(_ element: ElementType) -> MawsPanelLoops? {
        maws_panel_loops(element == .bfloat16 ? 1 : 0)?.pointee
    }
}

extension ElementType {
    /// Neighbours of a column that are multiplied in one step.
    fileprivate var wordElements: Int { self == .bfloat16 ? 2 : 1 }
}

extension ProductShape {
    fileprivate var isOfActivations: Bool { aColumn == 1 && k % operands.wordElements == 0 }

    /// c += aᵀ · b with rows of both.
    fileprivate var isGradient: Bool {
        adds && !hasBias && !hasResidual && result == .float32 && aRow == 1 && bColumn == 1
    }
}

extension MawsPanelProduct {
    fileprivate init(_ shape: ProductShape, _ operands: ProductOperands) {
        let elements = shape.operands.wordElements
        self.init(
            c: operands.c, a: operands.a, b: operands.b, bias: operands.bias, residual: operands.residual, m: shape.m,
            n: shape.n, k: shape.k / elements, c_row: shape.cRow, a_row: shape.aRow / elements,
            bf16_result: shape.result == .bfloat16 ? 1 : 0)
    }
}

extension MawsGradientProduct {
    fileprivate init(_ shape: ProductShape, _ operands: ProductOperands) {
        self.init(
            c: operands.c.assumingMemoryBound(to: Float.self), a: operands.a, b: operands.b, m: shape.m, n: shape.n,
            rows: shape.k, c_row: shape.cRow, a_row: shape.aColumn, b_row: shape.bRow)
    }
}
