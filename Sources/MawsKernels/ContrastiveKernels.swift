import Foundation
import MawsTensor

/// What a row of scores s contributes to a softmax cross-entropy.
public struct SoftmaxStatistics: Hashable, Sendable {
    /// log Σ exp(s).
    public var logSumExp: Double
    /// Σ softmax(s) · s.
    public var mean: Double
    /// Σ s.
    public var sum: Double
}

/// The inner loops of the CLIP loss over a slab of the score matrix.
public enum ContrastiveKernels {
    private typealias Lanes = SIMD8<Float>

    /// Statistics of each row of `scores` [rows, width].
    public static func statistics(_ scores: FloatSlice, _ shape: RowShape) -> [SoftmaxStatistics] {
        precondition(scores.count == shape.count && shape.width > 0)
        return (0..<shape.rows).map { rowStatistics(scores.pointer + $0 * shape.width, shape.width) }
    }

    /// Replaces a slab of scores by the gradient of the loss with respect to them,
    /// factor · (exp(s - row) + exp(s - column) - 2 · target).
    ///
    /// - Parameters:
    ///   - scores: [rows, width]: own rows against all of the other side.
    ///   - rowLogSumExp: of each own row, over the other side.
    ///   - columnLogSumExp: of each row of the other side, over all own rows of the batch.
    ///   - firstPair: column of the partner of row 0; row i's is `firstPair + i`.
    ///   - smoothing: ε; the target is (1 - ε) at the partner, plus ε / width everywhere.
    public static func gradient(
        _ scores: FloatSlice, rowLogSumExp: FloatSlice, columnLogSumExp: FloatSlice, firstPair: Int, smoothing: Float,
        factor: Float, _ shape: RowShape
    ) {
        precondition(scores.count == shape.count && rowLogSumExp.count == shape.rows)
        precondition(columnLogSumExp.count == shape.width && firstPair + shape.rows <= shape.width)
        let everywhere = 2 * smoothing / Float(shape.width)
        for row in 0..<shape.rows {
            let values = scores.pointer + row * shape.width
            rowGradient(
                values, shape.width, rowLogSumExp.pointer[row], columnLogSumExp.pointer, everywhere: everywhere, factor)
            values[firstPair + row] -= 2 * (1 - smoothing) * factor
        }
    }

    private static func rowStatistics(_ values: UnsafePointer<Float>, _ count: Int) -> SoftmaxStatistics {
        let top = maximum(values, count)
        var (sums, weighted, totals) = (SIMD8<Double>(), SIMD8<Double>(), SIMD8<Double>())
        var index = 0
        while index + 8 <= count {
            let scores = load(values + index)
            let exponentials = SIMD8<Double>(VectorExponential.of(scores - top))
            sums += exponentials
            weighted += exponentials * SIMD8<Double>(scores)
            totals += SIMD8<Double>(scores)
            index += 8
        }
        while index < count {
            let exponential = Double(VectorExponential.of(Lanes(repeating: values[index] - top))[0])
            sums[0] += exponential
            weighted[0] += exponential * Double(values[index])
            totals[0] += Double(values[index])
            index += 1
        }
        return SoftmaxStatistics(
            logSumExp: Double(top) + log(ordered(sums)), mean: ordered(weighted) / ordered(sums), sum: ordered(totals))
    }

    private static func rowGradient(
        _ values: UnsafeMutablePointer<Float>, _ count: Int, _ row: Float, _ columns: UnsafePointer<Float>,
        everywhere: Float, _ factor: Float
    ) {
        var index = 0
        while index + 8 <= count {
            let scores = load(values + index)
            let both = VectorExponential.of(scores - row) + VectorExponential.of(scores - load(columns + index))
            UnsafeMutableRawPointer(values + index).storeBytes(of: (both - everywhere) * factor, as: Lanes.self)
            index += 8
        }
        while index < count {
            let score = Lanes(repeating: values[index])
            let both = VectorExponential.of(score - row) + VectorExponential.of(score - columns[index])
            values[index] = ((both - everywhere) * factor)[0]
            index += 1
        }
    }

    private static func maximum(_ values: UnsafePointer<Float>, _ count: Int) -> Float {
        var lanes = Lanes(repeating: values[0])
        var index = 0
        while index + 8 <= count {
            lanes = pointwiseMax(lanes, load(values + index))
            index += 8
        }
        var top = lanes.max()
        while index < count {
            top = max(top, values[index])
            index += 1
        }
        return top
    }

    private static func ordered(_ lanes: SIMD8<Double>) -> Double {
        var sum = 0.0
        for lane in 0..<8 { sum += lanes[lane] }
        return sum
    }

    @inline(__always)
    private static func load(_ pointer: UnsafePointer<Float>) -> Lanes {
        UnsafeRawPointer(pointer).loadUnaligned(as: Lanes.self)
    }
}
