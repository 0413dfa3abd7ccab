import MawsKernels
import MawsTensor

/// The matrix of scores, scale · own · otherᵀ, made a slab of rows at a time so that memory does not grow with B².
struct ScoreSlabs {
    /// Floats in one slab (16 MiB).
    private static let slabFloats = 4 << 20

    let scale: Float
    /// Rows of the other side, and values in a row.
    let count: Int
    let width: Int
    let backend: ComputeBackend
    /// Memory of a slab while it is needed.
    let workspace: Workspace

    private var slabRows: Int { Self.slabRows(count) }

    private static func slabRows(_ count: Int) -> Int { max(1, slabFloats / count) }

    /// Bytes of a slab over `count` rows of the other side.
    static func byteCount(_ count: Int) -> Int { 4 * min(slabRows(count), count) * count }

    /// The statistics of every row of `own` over all rows of `other`, with the score of its partner, the row of that
    /// number.
    func statistics(own: FloatSlice, other: FloatSlice) -> [(row: SoftmaxStatistics, pair: Double)] {
        let mark = workspace.mark
        defer { workspace.release(to: mark) }
        let slab = workspace.take(min(slabRows, count) * count)
        return stride(from: 0, to: count, by: slabRows).flatMap { first in
            let shape = RowShape(rows: min(slabRows, count - first), width: count)
            let scores = slab.part(0, shape.count)
            fill(scores, own.part(first * width, shape.rows * width), other)
            return ContrastiveKernels.statistics(scores, shape).enumerated().map { row, statistics in
                (statistics, Double(scores[row * count + first + row]))
            }
        }
    }

    /// The gradient of the loss with respect to the rows `rows` of `own`, in both directions.
    /// - Parameters:
    ///   - result: [rows.count, width].
    ///   - ownLogSumExp, otherLogSumExp: of all rows of either side.
    func gradient(
        _ result: FloatSlice, of rows: Range<Int>, own: FloatSlice, other: FloatSlice, ownLogSumExp: FloatSlice,
        otherLogSumExp: FloatSlice, smoothing: Float
    ) {
        let mark = workspace.mark
        defer { workspace.release(to: mark) }
        let slab = workspace.take(min(slabRows, rows.count) * count)
        for first in stride(from: rows.lowerBound, to: rows.upperBound, by: slabRows) {
            let shape = RowShape(rows: min(slabRows, rows.upperBound - first), width: count)
            let scores = slab.part(0, shape.count)
            fill(scores, own.part(first * width, shape.rows * width), other)
            ContrastiveKernels.gradient(
                scores, rowLogSumExp: ownLogSumExp.part(first, shape.rows),
                columnLogSumExp: otherLogSumExp, firstPair: first, smoothing: smoothing,
                factor: 0.5 / Float(count), shape)
            let gradient = result.part((first - rows.lowerBound) * width, shape.rows * width)
            backend.matrixProduct(
                gradient, scores, transposed: false, other, transposed: false, m: shape.rows, n: width, k: count)
            backend.scale(gradient, gradient, by: scale)
        }
    }

    private func fill(_ scores: FloatSlice, _ own: FloatSlice, _ other: FloatSlice) {
        backend.matrixProduct(
            scores, own, transposed: false, other, transposed: true, m: own.count / width, n: count, k: width)
        backend.scale(scores, scores, by: scale)
    }
}
