internal import CVectorLoops
import MawsTensor

/// Rows of a piece where rows are independent.
let rowGrain = 64
/// Columns of a piece where columns are summed: a whole number of cache lines.
private let columnGrain = 128

extension ComputeBackend {
    /// y [rows, width] = softmax of each row of x [rows, width]. In place allowed.
    package func softmaxForward(_ y: FloatSlice, _ x: FloatSlice, _ shape: RowShape) {
        precondition(y.count == shape.count && x.count == shape.count)
        forEachRange(of: shape.rows, grain: rowGrain) { rows in
            let start = rows.lowerBound * shape.width
            loops.softmax_forward(
                y.pointer + start, nil, x.pointer + start, rows.count, shape.width, shape.width)
        }
    }

    /// dx [rows, width] = y · (dy - Σ dy · y) for each row; dy and y are [rows, width]. `dx` may be `dy`.
    package func softmaxBackward(_ dx: FloatSlice, _ dy: FloatSlice, _ y: FloatSlice, _ shape: RowShape) {
        precondition(dx.count == shape.count && dy.count == shape.count && y.count == shape.count)
        forEachRange(of: shape.rows, grain: rowGrain) { rows in
            let start = rows.lowerBound * shape.width
            loops.softmax_backward(
                dx.pointer + start, dy.pointer + start, y.pointer + start, rows.count, shape.width, shape.width)
        }
    }

    /// sums [width] += Σ over rows of x [rows, width].
    package func sumRows(_ sums: FloatSlice, _ x: FloatSlice, _ shape: RowShape) {
        precondition(sums.count == shape.width && x.count == shape.count)
        forEachRange(of: shape.width, grain: columnGrain) { columns in
            let start = columns.lowerBound
            loops.sum_rows(sums.pointer + start, x.pointer + start, shape.rows, columns.count, shape.width)
        }
    }

    /// The same for activations of either type, [rows, width].
    package func sumRows(_ sums: FloatSlice, _ x: ActivationSlice, _ shape: RowShape) {
        if let x = x.floats { return sumRows(sums, x, shape) }
        precondition(sums.count == shape.width && x.count == shape.count)
        let elements = x.pointer.assumingMemoryBound(to: UInt16.self)
        forEachRange(of: shape.width, grain: columnGrain) { columns in
            let start = columns.lowerBound
            loops.sum_rows_bf16(sums.pointer + start, elements + start, shape.rows, columns.count, shape.width)
        }
    }

    /// y[row] = table[indices[row]]; y is [indices.count, width], the table [entries, width].
    package func gatherRows(_ y: FloatSlice, _ table: FloatSlice, _ indices: [Int], width: Int) {
        precondition(y.count == indices.count * width)
        for (row, index) in indices.enumerated() {
            precondition(index >= 0 && (index + 1) * width <= table.count)
            (y.pointer + row * width).update(from: table.pointer + index * width, count: width)
        }
    }

    /// dTable[indices[row]] += dy[row], rows in order; dTable is [entries, width], dy [indices.count, width]. The
    /// backward of `gatherRows`.
    package func scatterAddRows(_ dTable: FloatSlice, _ dy: FloatSlice, _ indices: [Int], width: Int) {
        precondition(dy.count == indices.count * width)
        for (row, index) in indices.enumerated() {
            precondition(index >= 0 && (index + 1) * width <= dTable.count)
            loops.add_scaled(dTable.pointer + index * width, dy.pointer + row * width, 1, width)
        }
    }
}
