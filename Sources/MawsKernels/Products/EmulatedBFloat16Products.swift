internal import CVectorLoops
import MawsTensor

/// bfloat16 products on a CPU that multiplies fp32 only: operands are widened, and results rounded where they are kept
/// as bfloat16. The same rounding as on a CPU that has them, at less than the speed of fp32.
///
/// A packed weight is here the fp32 matrix with its elements rounded to bfloat16.
final class EmulatedBFloat16Products: MatrixProducts {
    private let products: any MatrixProducts
    private let loops: MawsVectorLoops
    private let scratch = Workspace()

    init(on products: any MatrixProducts, loops: MawsVectorLoops) {
        self.products = products
        self.loops = loops
    }

    func run(_ shape: ProductShape, _ operands: ProductOperands) {
        guard shape.operands == .bfloat16 else { return products.run(shape, operands) }
        defer { scratch.releaseAll() }
        var wide = operands
        let plain = shape.widened
        wide.a = widened(operands.a, rows: shape.m, shape.k, strides: (shape.aRow, shape.aColumn))
        if !shape.isPacked {
            wide.b = widened(operands.b, rows: shape.k, shape.n, strides: (shape.bRow, shape.bColumn))
        }
        guard shape.result == .bfloat16 else { return products.run(plain, wide) }
        precondition(shape.cRow == shape.n && !shape.adds)
        let result = scratch.take(shape.m * shape.n)
        wide.c = UnsafeMutableRawPointer(result.pointer)
        products.run(plain, wide)
        loops.narrow(operands.c.assumingMemoryBound(to: UInt16.self), result.pointer, result.count)
    }

    func reserve(_ shape: ProductShape) {
        guard shape.operands == .bfloat16 else { return products.reserve(shape) }
        defer { scratch.releaseAll() }
        _ = scratch.take(Self.span(rows: shape.m, shape.k, strides: (shape.aRow, shape.aColumn)))
        if !shape.isPacked { _ = scratch.take(Self.span(rows: shape.k, shape.n, strides: (shape.bRow, shape.bColumn))) }
        if shape.result == .bfloat16 { _ = scratch.take(shape.m * shape.n) }
        products.reserve(shape.widened)
    }

    var scratchByteCount: Int { scratch.byteCount + products.scratchByteCount }

    func packedFloats(n: Int, k: Int, _ element: ElementType) -> Int? {
        element == .bfloat16 ? n * k : products.packedFloats(n: n, k: k, element)
    }

    func pack(_ packed: FloatSlice, _ b: FloatSlice, _ shape: ProductShape) {
        guard shape.operands == .bfloat16 else { return products.pack(packed, b, shape) }
        let elements = scratch.take(b.count, .bfloat16)
        defer { scratch.releaseAll() }
        let pointer = elements.pointer.assumingMemoryBound(to: UInt16.self)
        loops.narrow(pointer, b.pointer, b.count)
        loops.widen(packed.pointer, pointer, b.count)
    }

    /// An fp32 copy of the memory that a matrix spans, with the same strides.
    private func widened(
        _ matrix: UnsafeRawPointer, rows: Int, _ columns: Int, strides: (row: Int, column: Int)
    ) -> UnsafeRawPointer {
        let span = Self.span(rows: rows, columns, strides: strides)
        let copy = scratch.take(span)
        loops.widen(copy.pointer, matrix.assumingMemoryBound(to: UInt16.self), span)
        return UnsafeRawPointer(copy.pointer)
    }

    private static func span(rows: Int, _ columns: Int, strides: (row: Int, column: Int)) -> Int {
        (rows - 1) * strides.row + (columns - 1) * strides.column + 1
    }
}

extension ProductShape {
    /// The same product in fp32.
    fileprivate var widened: ProductShape {
        var shape = self
        (shape.operands, shape.result, shape.isPacked) = (.float32, .float32, false)
        return shape
    }
}
