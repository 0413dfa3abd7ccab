internal import COpenBLAS
internal import CVectorLoops
import MawsTensor

extension ReferenceBackend {
    public func linearForward(
        _ y: FloatSlice, _ x: FloatSlice, _ weight: FloatSlice, _ bias: FloatSlice?, residual: FloatSlice?,
        _ shape: LinearShape
    ) {
        let outputRows = RowShape(rows: shape.rows, width: shape.outputs)
        precondition(bias.map { $0.count == shape.outputs } ?? true)
        precondition(residual.map { $0.count == outputRows.count } ?? true)
        let isAdding = bias != nil || residual != nil
        if isAdding { fillRows(y, bias: bias, residual: residual, outputRows) }
        matrixProduct(
            y, x, transposed: false, weight, transposed: true, m: shape.rows, n: shape.outputs, k: shape.inputs,
            alpha: 1, beta: isAdding ? 1 : 0)
    }

    public func linearBackward(
        _ dx: FloatSlice?, _ dWeight: FloatSlice?, _ dBias: FloatSlice?, _ dy: FloatSlice, _ x: FloatSlice,
        _ weight: FloatSlice?, _ shape: LinearShape
    ) {
        if let dx, let weight {
            matrixProduct(
                dx, dy, transposed: false, weight, transposed: false, m: shape.rows, n: shape.inputs, k: shape.outputs,
                alpha: 1, beta: 0)
        }
        if let dWeight {
            matrixProduct(
                dWeight, dy, transposed: true, x, transposed: false, m: shape.outputs, n: shape.inputs, k: shape.rows,
                alpha: 1, beta: 1)
        }
        if let dBias { sumRows(dBias, dy, RowShape(rows: shape.rows, width: shape.outputs)) }
    }

    public func matrixProduct(
        _ c: FloatSlice, _ a: FloatSlice, transposed aTransposed: Bool, _ b: FloatSlice, transposed bTransposed: Bool,
        m: Int, n: Int, k: Int, alpha: Float, beta: Float
    ) {
        precondition(c.count == m * n && a.count == m * k && b.count == k * n, "matrix product of wrong sizes")
        if m == 0 || n == 0 { return }
        cblas_sgemm(
            CblasRowMajor, aTransposed ? CblasTrans : CblasNoTrans, bTransposed ? CblasTrans : CblasNoTrans, Int32(m),
            Int32(n), Int32(k), alpha, a.pointer, Int32(max(1, aTransposed ? m : k)), b.pointer,
            Int32(max(1, bTransposed ? k : n)), beta, c.pointer, Int32(n))
    }
}
