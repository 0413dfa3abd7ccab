import MawsTensor

/// c [m, n] = a [m, k] · b [k, n] + bias [n] + residual [m, n] (+ c): sizes, strides in elements, element types.
struct ProductShape: Hashable {
    var m: Int
    var n: Int
    var k: Int
    /// Distance of neighbours in a column of the matrix (`Row`) and in a row of it (`Column`).
    var aRow: Int
    var aColumn: Int
    var bRow: Int
    var bColumn: Int
    var cRow: Int
    /// The types of a and b, and of c. Sums, bias and residual are fp32.
    var operands: ElementType = .float32
    var result: ElementType = .float32
    /// b is what `pack` made of a matrix with the strides of b.
    var isPacked = false
    var hasBias = false
    var hasResidual = false
    var adds = false

    /// Products with operands in rows: a [m, k], b [k, n] and c dense.
    static func dense(m: Int, n: Int, k: Int) -> ProductShape {
        ProductShape(m: m, n: n, k: k, aRow: k, aColumn: 1, bRow: n, bColumn: 1, cRow: n)
    }

    func with(rows: Int) -> ProductShape {
        var shape = self
        shape.m = rows
        return shape
    }
}

/// Where a product's matrices lie.
struct ProductOperands {
    var c: UnsafeMutableRawPointer
    var a: UnsafeRawPointer
    var b: UnsafeRawPointer
    var bias: UnsafePointer<Float>?
    var residual: UnsafePointer<Float>?

    /// Those of the rows from `row` on.
    func from(row: Int, of shape: ProductShape) -> ProductOperands {
        var part = self
        part.c += row * shape.cRow * shape.result.byteCount
        part.a += row * shape.aRow * shape.operands.byteCount
        part.residual = residual.map { $0 + row * shape.cRow }
        return part
    }
}

/// Matrix products on the calling thread alone. One owner a thread.
protocol MatrixProducts: AnyObject {
    func run(_ shape: ProductShape, _ operands: ProductOperands)
    /// Takes the scratch memory that `run` needs for the shape.
    func reserve(_ shape: ProductShape)
    var scratchByteCount: Int { get }

    /// Floats that b [k, n] takes when it is packed; nil where these products take fp32 matrices as they are.
    func packedFloats(n: Int, k: Int, _ element: ElementType) -> Int?
    /// Fills `packed` [packedFloats] from an fp32 matrix b [k, n] with the shape's strides.
    func pack(_ packed: FloatSlice, _ b: FloatSlice, _ shape: ProductShape)
}
