internal import CVectorLoops
import MawsTensor

/// One head of one sequence, computed in cache on one thread: fp32 copies of its rows, then a block of queries at a
/// time.
struct AttentionHead {
    /// Queries whose scores are in the cache at once.
    private static let queryBlock = 64

    private let shape: AttentionShape
    private let lane: ComputeBackend
    private let loops: MawsVectorLoops
    /// Offsets of the head's first element in the inputs, the output and the softmax sums.
    private let inputStart: Int
    private let outputStart: Int
    private let logSumStart: Int
    /// Tokens that may be attended to.
    private let valid: Int
    private let scale: Float
    /// Strides that the small product may read to the end of: of rows of a head, and of rows of scores.
    private let rowWidth: Int
    private let scoreWidth: Int

    init(_ shape: AttentionShape, _ piece: Int, _ validTokens: [Int]?, _ lane: ComputeBackend) {
        let (sequence, head) = piece.quotientAndRemainder(dividingBy: shape.heads)
        self.shape = shape
        self.lane = lane
        loops = lane.loops
        inputStart = sequence * shape.tokens * shape.rowStride + head * shape.headWidth
        outputStart = sequence * shape.queries * shape.width + head * shape.headWidth
        logSumStart = piece * shape.queries
        valid = validTokens?[sequence] ?? shape.tokens
        scale = 1 / Float(shape.headWidth).squareRoot()
        rowWidth = Self.pad(shape.headWidth)
        scoreWidth = Self.pad(valid)
    }

    /// Rounded up to what the small matrix product may read.
    private static func pad(_ count: Int) -> Int { (count + 15) / 16 * 16 }

    /// y = softmax(scale · query · keyᵀ) · value
    func forward(
        _ y: ActivationSlice, _ logSums: FloatSlice, _ query: ActivationSlice, _ key: ActivationSlice,
        _ value: ActivationSlice
    ) {
        let mark = lane.scratch.mark
        defer { lane.scratch.release(to: mark) }
        let (queries, keys, values) = (rows(query, shape.queries), transposed(rows(key, valid)), rows(value, valid))
        let output = lane.scratch.take(shape.queries * rowWidth).pointer
        let scores = lane.scratch.take(Self.queryBlock * scoreWidth).pointer
        forEachBlock { first, count in
            score(scores, queries + first * rowWidth, keys, count)
            loops.softmax_forward(
                scores, logSums.pointer + logSumStart + first, scores, count, valid, scoreWidth)
            loops.small_product(
                output + first * rowWidth, rowWidth, scores, scoreWidth, 1, values, rowWidth, 1, 0, count,
                shape.headWidth, valid)
        }
        store(output, to: y, start: outputStart, stride: shape.width, count: shape.queries)
    }

    typealias Parts = (query: ActivationSlice, key: ActivationSlice, value: ActivationSlice)

    /// With P the probabilities: dValue = Pᵀ · dy, dScores = P ∘ (dy · valueᵀ - its mean under P),
    /// dQuery = scale · dScores · key, dKey = scale · dScoresᵀ · query.
    func backward(_ gradients: Parts, _ dy: ActivationSlice, _ logSums: FloatSlice, _ inputs: Parts) {
        let mark = lane.scratch.mark
        defer { lane.scratch.release(to: mark) }
        let (queries, keys) = (rows(inputs.query, shape.queries), rows(inputs.key, valid))
        let (keysAcross, valuesAcross) = (transposed(keys), transposed(rows(inputs.value, valid)))
        let dOutput = rows(dy, shape.queries, start: outputStart, stride: shape.width)
        let dQueries = lane.scratch.take(shape.queries * rowWidth).pointer
        let dKeys = lane.scratch.takeZeros(valid * rowWidth).pointer
        let dValues = lane.scratch.takeZeros(valid * rowWidth).pointer
        let probabilities = lane.scratch.take(Self.queryBlock * scoreWidth).pointer
        let dScores = lane.scratch.take(Self.queryBlock * scoreWidth).pointer
        forEachBlock { first, count in
            let (asked, dAsked) = (queries + first * rowWidth, dOutput + first * rowWidth)
            score(probabilities, asked, keysAcross, count)
            loops.softmax_again(
                probabilities, logSums.pointer + logSumStart + first, probabilities, count, valid, scoreWidth)
            addTransposed(dValues, probabilities, dAsked, count, scale: 1)
            loops.small_product(
                dScores, scoreWidth, dAsked, rowWidth, 1, valuesAcross, scoreWidth, 1, 0, count, valid,
                shape.headWidth)
            loops.softmax_backward(dScores, dScores, probabilities, count, valid, scoreWidth)
            loops.small_product(
                dQueries + first * rowWidth, rowWidth, dScores, scoreWidth, 1, keys, rowWidth, scale, 0, count,
                shape.headWidth, valid)
            addTransposed(dKeys, dScores, asked, count, scale: scale)
        }
        storeGradient(dQueries, to: gradients.query, count: shape.queries)
        storeGradient(dKeys, to: gradients.key, count: valid)
        storeGradient(dValues, to: gradients.value, count: valid)
    }

    private func forEachBlock(_ body: (_ first: Int, _ count: Int) -> Void) {
        for first in stride(from: 0, to: shape.queries, by: Self.queryBlock) {
            body(first, min(Self.queryBlock, shape.queries - first))
        }
    }

    /// scores = scale · queries · keysᵀ
    private func score(
        _ scores: UnsafeMutablePointer<Float>, _ queries: UnsafePointer<Float>, _ keys: UnsafePointer<Float>,
        _ count: Int
    ) {
        loops.small_product(
            scores, scoreWidth, queries, rowWidth, 1, keys, scoreWidth, scale, 0, count, valid, shape.headWidth)
    }

    /// sums [valid, headWidth] += scale · weightsᵀ · rows over `count` queries.
    private func addTransposed(
        _ sums: UnsafeMutablePointer<Float>, _ weights: UnsafePointer<Float>, _ rows: UnsafePointer<Float>,
        _ count: Int, scale: Float
    ) {
        loops.small_product(
            sums, rowWidth, weights, 1, scoreWidth, rows, rowWidth, scale, 1, valid, shape.headWidth, count)
    }
}

/// Between activations and the copies that a head computes with.
extension AttentionHead {
    /// fp32 rows of this head, `rowWidth` apart, with zeros behind them.
    private func rows(_ matrix: ActivationSlice, _ count: Int) -> UnsafeMutablePointer<Float> {
        rows(matrix, count, start: inputStart, stride: shape.rowStride)
    }

    private func rows(
        _ matrix: ActivationSlice, _ count: Int, start: Int, stride: Int
    ) -> UnsafeMutablePointer<Float> {
        let copy = lane.scratch.take(count * rowWidth).pointer
        let width = shape.headWidth
        for row in 0..<count {
            let (target, offset) = (copy + row * rowWidth, start + row * stride)
            if matrix.element == .float32 {
                target.update(from: matrix.pointer.assumingMemoryBound(to: Float.self) + offset, count: width)
            } else {
                loops.widen(target, matrix.pointer.assumingMemoryBound(to: UInt16.self) + offset, width)
            }
            (target + width).update(repeating: 0, count: rowWidth - width)
        }
        return copy
    }

    /// rowsᵀ [headWidth, scoreWidth], zeros behind the valid tokens.
    private func transposed(_ rows: UnsafePointer<Float>) -> UnsafeMutablePointer<Float> {
        let copy = lane.scratch.take(shape.headWidth * scoreWidth).pointer
        loops.transpose(copy, scoreWidth, rows, rowWidth, valid, shape.headWidth)
        return copy
    }

    private func store(
        _ rows: UnsafePointer<Float>, to matrix: ActivationSlice, start: Int, stride: Int, count: Int
    ) {
        for row in 0..<count {
            let (source, offset) = (rows + row * rowWidth, start + row * stride)
            if matrix.element == .float32 {
                (matrix.pointer.assumingMemoryBound(to: Float.self) + offset)
                    .update(from: source, count: shape.headWidth)
            } else {
                loops.narrow(
                    matrix.pointer.assumingMemoryBound(to: UInt16.self) + offset, source, shape.headWidth)
            }
        }
    }

    /// The first `count` tokens' gradients; the others have none.
    private func storeGradient(_ rows: UnsafePointer<Float>, to matrix: ActivationSlice, count: Int) {
        store(rows, to: matrix, start: inputStart, stride: shape.rowStride, count: count)
        let byteCount = matrix.element.byteCount
        for row in count..<shape.tokens {
            let start = matrix.pointer + (inputStart + row * shape.rowStride) * byteCount
            start.initializeMemory(as: UInt8.self, repeating: 0, count: shape.headWidth * byteCount)
        }
    }
}
