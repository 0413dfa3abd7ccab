internal import CVectorLoops
import MawsTensor

/// One head of one sequence in fp32, computed in cache on one thread: copies of its rows, then a block of queries at a
/// time.
struct AttentionHead {
    private let layout: HeadLayout
    private let lane: ComputeBackend
    private let loops: MawsVectorLoops
    private var shape: AttentionShape { layout.shape }
    private var valid: Int { layout.valid }
    private var rowWidth: Int { layout.rowWidth }
    private var scoreWidth: Int { layout.scoreWidth }

    init(_ layout: HeadLayout, _ lane: ComputeBackend) {
        (self.layout, self.lane) = (layout, lane)
        loops = lane.loops
    }

    /// y = softmax(scale · query · keyᵀ) · value
    func forward(
        _ y: ActivationSlice, _ logSums: FloatSlice, _ query: ActivationSlice, _ key: ActivationSlice,
        _ value: ActivationSlice
    ) {
        let mark = lane.scratch.mark
        defer { lane.scratch.release(to: mark) }
        let (queries, keys, values) = (rows(query, shape.queries), transposed(rows(key, valid)), rows(value, valid))
        let output = lane.scratch.take(shape.queries * rowWidth).pointer
        let scores = lane.scratch.take(HeadLayout.queryBlock * scoreWidth).pointer
        layout.forEachBlock { first, count in
            score(scores, queries + first * rowWidth, keys, count)
            loops.softmax_forward(
                scores, logSums.pointer + layout.logSumStart + first, scores, count, valid, scoreWidth)
            loops.small_product(
                output + first * rowWidth, rowWidth, scores, scoreWidth, 1, values, rowWidth, 1, 0, count,
                shape.headWidth, valid)
        }
        store(output, to: y, start: layout.outputStart, stride: shape.width, count: shape.queries)
    }

    typealias Parts = (query: ActivationSlice, key: ActivationSlice, value: ActivationSlice)

    /// With P the probabilities: dValue = Pᵀ · dy, dScores = P ∘ (dy · valueᵀ - its mean under P),
    /// dQuery = scale · dScores · key, dKey = scale · dScoresᵀ · query.
    func backward(_ gradients: Parts, _ dy: ActivationSlice, _ logSums: FloatSlice, _ inputs: Parts) {
        let mark = lane.scratch.mark
        defer { lane.scratch.release(to: mark) }
        let (queries, keys) = (rows(inputs.query, shape.queries), rows(inputs.key, valid))
        let (keysAcross, valuesAcross) = (transposed(keys), transposed(rows(inputs.value, valid)))
        let dOutput = rows(dy, shape.queries, start: layout.outputStart, stride: shape.width)
        let dQueries = lane.scratch.take(shape.queries * rowWidth).pointer
        let dKeys = lane.scratch.takeZeros(valid * rowWidth).pointer
        let dValues = lane.scratch.takeZeros(valid * rowWidth).pointer
        let probabilities = lane.scratch.take(HeadLayout.queryBlock * scoreWidth).pointer
        let dScores = lane.scratch.take(HeadLayout.queryBlock * scoreWidth).pointer
        layout.forEachBlock { first, count in
            let (asked, dAsked) = (queries + first * rowWidth, dOutput + first * rowWidth)
            score(probabilities, asked, keysAcross, count)
            loops.softmax_again(
                probabilities, logSums.pointer + layout.logSumStart + first, probabilities, count, valid, scoreWidth)
            addTransposed(dValues, probabilities, dAsked, count, scale: 1)
            loops.small_product(
                dScores, scoreWidth, dAsked, rowWidth, 1, valuesAcross, scoreWidth, 1, 0, count, valid,
                shape.headWidth)
            loops.softmax_backward(dScores, dScores, probabilities, count, valid, scoreWidth)
            loops.small_product(
                dQueries + first * rowWidth, rowWidth, dScores, scoreWidth, 1, keys, rowWidth, layout.scale, 0, count,
                shape.headWidth, valid)
            addTransposed(dKeys, dScores, asked, count, scale: layout.scale)
        }
        storeGradient(dQueries, to: gradients.query, count: shape.queries)
        storeGradient(dKeys, to: gradients.key, count: valid)
        storeGradient(dValues, to: gradients.value, count: valid)
        layout.clear(gradients.query, from: shape.queries)
        layout.clear(gradients.key, from: valid)
        layout.clear(gradients.value, from: valid)
    }

    /// scores = scale · queries · keysᵀ
    private func score(
        _ scores: UnsafeMutablePointer<Float>, _ queries: UnsafePointer<Float>, _ keys: UnsafePointer<Float>,
        _ count: Int
    ) {
        loops.small_product(
            scores, scoreWidth, queries, rowWidth, 1, keys, scoreWidth, layout.scale, 0, count, valid, shape.headWidth)
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
        rows(matrix, count, start: layout.inputStart, stride: shape.rowStride)
    }

    private func rows(
        _ matrix: ActivationSlice, _ count: Int, start: Int, stride: Int
    ) -> UnsafeMutablePointer<Float> {
        let copy = lane.scratch.take(count * rowWidth).pointer
        let (width, source) = (shape.headWidth, matrix.pointer.assumingMemoryBound(to: Float.self) + start)
        for row in 0..<count {
            let target = copy + row * rowWidth
            target.update(from: source + row * stride, count: width)
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
        let target = matrix.pointer.assumingMemoryBound(to: Float.self) + start
        for row in 0..<count {
            (target + row * stride).update(from: rows + row * rowWidth, count: shape.headWidth)
        }
    }

    /// The first `count` tokens' gradients.
    private func storeGradient(_ rows: UnsafePointer<Float>, to matrix: ActivationSlice, count: Int) {
        store(rows, to: matrix, start: layout.inputStart, stride: shape.rowStride, count: count)
    }
}
