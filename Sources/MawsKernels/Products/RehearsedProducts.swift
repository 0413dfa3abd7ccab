import MawsTensor

/// Products that take the memory of others and multiply nothing.
final class RehearsedProducts: MatrixProducts {
    private let products: any MatrixProducts

    init(of products: any MatrixProducts) { self.products = products }

    func run(_ shape: ProductShape, _ operands: ProductOperands) { products.reserve(shape) }
    func reserve(_ shape: ProductShape) { products.reserve(shape) }
    var scratchByteCount: Int { products.scratchByteCount }

    func packedFloats(n: Int, k: Int, _ element: ElementType) -> Int? {
        products.packedFloats(n: n, k: k, element)
    }

    func pack(_ packed: FloatSlice, _ b: FloatSlice, _ shape: ProductShape) {}
}
