internal import CVectorLoops
import Foundation
import MawsTensor

/// What a row of scores s contributes to a softmax cross-entropy.
package struct SoftmaxStatistics: Hashable, Sendable {
    /// log Σ exp(s).
    package var logSumExp: Double
    /// Σ softmax(s) · s.
    package var mean: Double
    /// Σ s.
    package var sum: Double
}

/// The inner loops of the CLIP loss over a slab of the score matrix.
package enum ContrastiveKernels {
    /// Statistics of each row of `scores` [rows, width].
    package static func statistics(_ scores: FloatSlice, _ shape: RowShape) -> [SoftmaxStatistics] {
        precondition(scores.count == shape.count && shape.width > 0)
        let loops = maws_contrastive_loops().pointee
        return (0..<shape.rows).map { row in
            var sums = MawsScoreSums()
            loops.score_sums(&sums, scores.pointer + row * shape.width, shape.width)
            return SoftmaxStatistics(
                logSumExp: Double(sums.top) + log(sums.exponentials), mean: sums.weighted / sums.exponentials,
                sum: sums.scores)
        }
    }

    /// Replaces a slab of scores by the gradient of the loss with respect to them,
    /// factor · (exp(s - row) + exp(s - column) - 2 · target).
    ///
    /// - Parameters:
    ///   - scores: [rows, width]: own rows against all of the other side.
    ///   - rowLogSumExp: [rows], of each own row over the other side.
    ///   - columnLogSumExp: [width], of each row of the other side over all own rows of the batch.
    ///   - firstPair: column of the partner of row 0; row i's is `firstPair + i`.
    ///   - smoothing: ε; the target is (1 - ε) at the partner, plus ε / width everywhere.
    package static func gradient(
        _ scores: FloatSlice, rowLogSumExp: FloatSlice, columnLogSumExp: FloatSlice, firstPair: Int, smoothing: Float,
        factor: Float, _ shape: RowShape
    ) {
        precondition(scores.count == shape.count && rowLogSumExp.count == shape.rows)
        precondition(columnLogSumExp.count == shape.width && firstPair + shape.rows <= shape.width)
        let loops = maws_contrastive_loops().pointee
        let everywhere = 2 * smoothing / Float(shape.width)
        for row in 0..<shape.rows {
            let values = scores.pointer + row * shape.width
            loops.score_gradient(
                values, rowLogSumExp.pointer[row], columnLogSumExp.pointer, everywhere, factor, shape.width)
            values[firstPair + row] -= 2 * (1 - smoothing) * factor
        }
    }
}
