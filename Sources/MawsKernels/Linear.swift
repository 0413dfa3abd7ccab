internal import CVectorLoops
import MawsTensor

/// Rows of a product that one thread computes at a time: fewer where the other operand is packed, and no thread has
/// to bring it into order.
private let productRows = 512
private let packedProductRows = 128

/// Linear layers of a block's weights, on activations of either type: the bulk of a model's arithmetic.
extension ComputeBackend {
    /// Packs weights as `use` multiplies them fastest, unless they are packed. To be called before the
    /// products themselves, outside `forEach`.
    package func packForward(_ weights: BlockWeights, _ matrices: [WeightMatrix]) {
        pack(weights, matrices.map { ($0, $0.forwardShape(rows: 1)) }, .forward)
    }

    package func packBackward(_ weights: BlockWeights, _ matrices: [WeightMatrix]) {
        pack(weights, matrices.map { ($0, $0.backwardShape(rows: 1)) }, .backward)
    }

    /// y [rows, outputs] = x [rows, inputs] · weightᵀ [inputs, outputs] + bias [outputs] + residual [rows, outputs].
    /// x has this backend's operand type or is fp32.
    package func linearForward(
        _ y: ActivationSlice, _ x: ActivationSlice, _ weights: BlockWeights, _ matrix: WeightMatrix,
        bias: FloatSlice?, residual: FloatSlice?, rows: Int
    ) {
        precondition(y.count == rows * matrix.outputs && x.count == rows * matrix.inputs)
        precondition(bias.map { $0.count == matrix.outputs } ?? true)
        linear(y, x, weights, matrix, matrix.forwardShape(rows: rows), .forward, bias, residual)
    }

    /// dx [rows, inputs] = dy [rows, outputs] · weight [outputs, inputs] + residual [rows, inputs].
    package func linearBackward(
        _ dx: ActivationSlice, _ dy: ActivationSlice, _ weights: BlockWeights, _ matrix: WeightMatrix,
        residual: FloatSlice?, rows: Int
    ) {
        precondition(dx.count == rows * matrix.inputs && dy.count == rows * matrix.outputs)
        linear(dx, dy, weights, matrix, matrix.backwardShape(rows: rows), .backward, nil, residual)
    }

    /// Rows `outputs` of dWeight [outputs, inputs] += dyᵀ [outputs, rows] · x [rows, inputs].
    package func weightGradient(
        _ dWeight: FloatSlice, _ dy: ActivationSlice, _ x: ActivationSlice, outputs: Range<Int>, _ shape: LinearShape
    ) {
        precondition(dWeight.count == shape.outputs * shape.inputs && dy.element == x.element)
        precondition(dy.count == shape.rows * shape.outputs && x.count == shape.rows * shape.inputs)
        var product = ProductShape.dense(m: outputs.count, n: shape.inputs, k: shape.rows)
        (product.aRow, product.aColumn) = (1, shape.outputs)
        (product.operands, product.adds) = (dy.element, true)
        run(
            product,
            ProductOperands(
                c: UnsafeMutableRawPointer(dWeight.pointer + outputs.lowerBound * shape.inputs),
                a: UnsafeRawPointer(dy.pointer) + outputs.lowerBound * dy.element.byteCount,
                b: UnsafeRawPointer(x.pointer)))
    }

    private func linear(
        _ c: ActivationSlice, _ a: ActivationSlice, _ weights: BlockWeights, _ matrix: WeightMatrix,
        _ plain: ProductShape, _ use: PackedWeightKey.Use, _ bias: FloatSlice?, _ residual: FloatSlice?
    ) {
        precondition(residual.map { $0.count == c.count } ?? true)
        var shape = plain
        (shape.operands, shape.result) = (a.element, c.element)
        (shape.hasBias, shape.hasResidual) = (bias != nil, residual != nil)
        var b = weights.slice(matrix.range)
        if a.element == operands, let packed = weights.packedWeight(PackedWeightKey(range: matrix.range, use: use)) {
            precondition(packed.isFresh, "weights multiplied before they were packed")
            b = packed.memory.all
            shape.isPacked = true
        }
        precondition(a.element == .float32 || shape.isPacked, "weights multiplied before they were packed")
        run(
            shape,
            ProductOperands(
                c: c.pointer, a: UnsafeRawPointer(a.pointer), b: UnsafeRawPointer(b.pointer),
                bias: bias.map { UnsafePointer($0.pointer) }, residual: residual.map { UnsafePointer($0.pointer) }))
    }

    private func pack(
        _ weights: BlockWeights, _ matrices: [(matrix: WeightMatrix, shape: ProductShape)], _ use: PackedWeightKey.Use
    ) {
        var stale: [(packed: PackedWeight, values: FloatSlice, shape: ProductShape)] = []
        for (matrix, plain) in matrices {
            var shape = plain
            shape.operands = operands
            guard let floats = products.packedFloats(n: shape.n, k: shape.k, operands) else { continue }
            let packed = weights.memory(for: PackedWeightKey(range: matrix.range, use: use), floats: floats)
            if !packed.isFresh { stale.append((packed, weights.slice(matrix.range), shape)) }
        }
        forEach(stale.count) { index, worker in
            worker.products.pack(stale[index].packed.memory.all, stale[index].values, stale[index].shape)
        }
        for entry in stale { entry.packed.isFresh = true }
    }

    /// In a worker as a whole, else on all threads in pieces of rows.
    private func run(_ shape: ProductShape, _ operands: ProductOperands) {
        guard shape.m > 0 && shape.n > 0 else { return }
        if isWorker { return products.run(shape, operands) }
        let most = shape.isPacked ? packedProductRows : productRows
        let pieces = (shape.m + most - 1) / most
        let rows = (shape.m + pieces - 1) / pieces
        forEach(pieces) { piece, worker in
            let first = piece * rows
            let part = shape.with(rows: min(rows, shape.m - first))
            if part.m > 0 { worker.products.run(part, operands.from(row: first, of: shape)) }
        }
    }
}

/// Linear layers and products of plain fp32 slices: heads, projections, classifiers.
extension ComputeBackend {
    /// y [rows, outputs] = x [rows, inputs] · weightᵀ [inputs, outputs] + bias [outputs] + residual [rows, outputs].
    package func linearForward(
        _ y: FloatSlice, _ x: FloatSlice, _ weight: FloatSlice, _ bias: FloatSlice?, residual: FloatSlice?,
        _ shape: LinearShape
    ) {
        precondition(y.count == shape.rows * shape.outputs && x.count == shape.rows * shape.inputs)
        precondition(bias.map { $0.count == shape.outputs } ?? true)
        precondition(residual.map { $0.count == y.count } ?? true)
        var product = WeightMatrix.shape(shape).forwardShape(rows: shape.rows)
        (product.hasBias, product.hasResidual) = (bias != nil, residual != nil)
        run(
            product,
            ProductOperands(
                c: UnsafeMutableRawPointer(y.pointer), a: UnsafeRawPointer(x.pointer),
                b: UnsafeRawPointer(weight.pointer), bias: bias.map { UnsafePointer($0.pointer) },
                residual: residual.map { UnsafePointer($0.pointer) }))
    }

    /// dx [rows, inputs] = dy [rows, outputs] · weight [outputs, inputs]; dWeight [outputs, inputs] += dyᵀ · x [rows,
    /// inputs]; dBias [outputs] += column sums of dy. `weight` is needed for dx alone.
    package func linearBackward(
        _ dx: FloatSlice?, _ dWeight: FloatSlice?, _ dBias: FloatSlice?, _ dy: FloatSlice, _ x: FloatSlice,
        _ weight: FloatSlice?, _ shape: LinearShape
    ) {
        if let dx, let weight {
            matrixProduct(
                dx, dy, transposed: false, weight, transposed: false, m: shape.rows, n: shape.inputs,
                k: shape.outputs)
        }
        if let dWeight {
            weightGradient(dWeight, ActivationSlice(dy), ActivationSlice(x), outputs: 0..<shape.outputs, shape)
        }
        if let dBias { sumRows(dBias, dy, RowShape(rows: shape.rows, width: shape.outputs)) }
    }

    /// c = op(a) · op(b), with op(a) [m, k], op(b) [k, n], c [m, n], all dense and row-major.
    package func matrixProduct(
        _ c: FloatSlice, _ a: FloatSlice, transposed aTransposed: Bool, _ b: FloatSlice, transposed bTransposed: Bool,
        m: Int, n: Int, k: Int
    ) {
        precondition(c.count == m * n && a.count == m * k && b.count == k * n, "matrix product of wrong sizes")
        var shape = ProductShape.dense(m: m, n: n, k: k)
        if aTransposed { (shape.aRow, shape.aColumn) = (1, m) }
        if bTransposed { (shape.bRow, shape.bColumn) = (1, k) }
        run(
            shape,
            ProductOperands(
                c: UnsafeMutableRawPointer(c.pointer), a: UnsafeRawPointer(a.pointer),
                b: UnsafeRawPointer(b.pointer)))
    }
}

extension WeightMatrix {
    fileprivate static func shape(_ shape: LinearShape) -> WeightMatrix {
        WeightMatrix(0..<shape.outputs * shape.inputs, outputs: shape.outputs, inputs: shape.inputs)
    }

    /// x · weightᵀ
    fileprivate func forwardShape(rows: Int) -> ProductShape {
        var shape = ProductShape.dense(m: rows, n: outputs, k: inputs)
        (shape.bRow, shape.bColumn) = (1, inputs)
        return shape
    }

    /// dy · weight
    fileprivate func backwardShape(rows: Int) -> ProductShape {
        .dense(m: rows, n: inputs, k: outputs)
    }
}
