internal import COpenBLAS
internal import CVectorLoops
import MawsBase
import MawsTensor

/// fp32 products of OpenBLAS: the truth that others are compared with.
final class OpenBLASProducts: MatrixProducts {
    /// `OpenBLAS 0.3.21` with kernels such as `Haswell`.
    static func profile(loops: String) -> ComputeProfile {
        let library = String(cString: openblas_get_config()).split(separator: " ").prefix(2).joined(separator: " ")
        return ComputeProfile(
            kind: .reference, library: library, kernels: String(cString: openblas_get_corename()), loops: loops)
    }

    private let loops: MawsVectorLoops

    init(loops: MawsVectorLoops) {
        self.loops = loops
        // The backend's own threads call; OpenBLAS would start others.
        openblas_set_num_threads(1)
    }

    func run(_ shape: ProductShape, _ operands: ProductOperands) {
        precondition(shape.operands == .float32 && shape.result == .float32 && !shape.isPacked)
        let c = operands.c.assumingMemoryBound(to: Float.self)
        if shape.hasBias || shape.hasResidual {
            precondition(shape.cRow == shape.n)
            loops.fill_rows(c, operands.bias, operands.residual, shape.m, shape.n)
        }
        let (aTransposed, bTransposed) = (shape.aColumn != 1, shape.bColumn != 1)
        cblas_sgemm(
            CblasRowMajor, aTransposed ? CblasTrans : CblasNoTrans, bTransposed ? CblasTrans : CblasNoTrans,
            Int32(shape.m), Int32(shape.n), Int32(shape.k), 1, operands.a.assumingMemoryBound(to: Float.self),
            Int32(aTransposed ? shape.aColumn : max(shape.aRow, shape.k)),
            operands.b.assumingMemoryBound(to: Float.self),
            Int32(bTransposed ? shape.bColumn : max(shape.bRow, shape.n)),
            shape.hasBias || shape.hasResidual || shape.adds ? 1 : 0, c, Int32(shape.cRow))
    }

    /// OpenBLAS has its own memory, a few MiB a thread.
    func reserve(_ shape: ProductShape) {}
    var scratchByteCount: Int { 0 }

    func packedFloats(n: Int, k: Int, _ element: ElementType) -> Int? { nil }
    func pack(_ packed: FloatSlice, _ b: FloatSlice, _ shape: ProductShape) {}
}
