internal import CVectorLoops
import MawsTensor

/// One head of one sequence with bfloat16 operands, computed in cache on one thread, a block of queries at a time.
///
/// What enters a product is bfloat16: rows of the inputs as they are, probabilities and scores' gradients rounded once.
/// Sums, softmax and its backward pass are fp32. Products take pairs of neighbours in the direction they sum over: of a
/// row as it lies in memory, of a column in rows of pairs (`Pairs`).
struct HalfAttentionHead {
    private typealias Words = UnsafeMutablePointer<UInt32>

    private let layout: HeadLayout
    private let lane: ComputeBackend
    private let loops: MawsVectorLoops
    private var shape: AttentionShape { layout.shape }
    private var valid: Int { layout.valid }
    private var rowWidth: Int { layout.rowWidth }
    private var scoreWidth: Int { layout.scoreWidth }
    /// Pairs of a head's row, of the valid tokens.
    private var rowPairs: Int { (shape.headWidth + 1) / 2 }
    private var tokenPairs: Int { (valid + 1) / 2 }

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
        let (queries, keys) = (input(query, shape.queries), transposed(input(key, valid)))
        let values = paired(input(value, valid), valid)
        let output = lane.scratch.take(HeadLayout.queryBlock * rowWidth).pointer
        let scores = lane.scratch.take(HeadLayout.queryBlock * scoreWidth).pointer
        let probabilities = halves(HeadLayout.queryBlock * scoreWidth)
        layout.forEachBlock { first, count in
            score(scores, queries, first, keys, count)
            loops.softmax_forward(
                scores, logSums.pointer + layout.logSumStart + first, scores, count, valid, scoreWidth)
            loops.narrow_rows(probabilities.start, scoreWidth, scores, scoreWidth, count, valid)
            multiply(output, probabilities, 0, values, rowWidth, 1, (count, shape.headWidth, tokenPairs))
            let rows = layout.outputStart + first * shape.width
            store(output, to: y, start: rows, stride: shape.width, count: count)
        }
    }

    typealias Parts = (query: ActivationSlice, key: ActivationSlice, value: ActivationSlice)

    /// With P the probabilities: dValue = Pᵀ · dy, dScores = P ∘ (dy · valueᵀ - its mean under P),
    /// dQuery = scale · dScores · key, dKey = scale · dScoresᵀ · query.
    func backward(_ gradients: Parts, _ dy: ActivationSlice, _ logSums: FloatSlice, _ inputs: Parts) {
        let mark = lane.scratch.mark
        defer { lane.scratch.release(to: mark) }
        let (queries, keys, values) = (
            input(inputs.query, shape.queries), input(inputs.key, valid), input(inputs.value, valid)
        )
        let dOutput = Rows(
            dy, start: layout.outputStart, stride: shape.width, lane, width: shape.headWidth, shape.queries)
        let (keysAcross, valuesAcross, keyPairs) = (transposed(keys), transposed(values), paired(keys, valid))
        let dQueries = lane.scratch.take(HeadLayout.queryBlock * rowWidth).pointer
        let dKeys = lane.scratch.takeZeros(valid * rowWidth).pointer
        let dValues = lane.scratch.takeZeros(valid * rowWidth).pointer
        let probabilities = lane.scratch.take(HeadLayout.queryBlock * scoreWidth).pointer
        let dScores = lane.scratch.take(HeadLayout.queryBlock * scoreWidth).pointer
        let rounded = halves(HeadLayout.queryBlock * scoreWidth)
        layout.forEachBlock { first, count in
            let mark = lane.scratch.mark
            score(probabilities, queries, first, keysAcross, count)
            loops.softmax_again(
                probabilities, logSums.pointer + layout.logSumStart + first, probabilities, count, valid, scoreWidth)
            loops.narrow_rows(rounded.start, scoreWidth, probabilities, scoreWidth, count, valid)
            addTransposed(dValues, rounded, dOutput.from(first), count, scale: 1)
            multiply(dScores, dOutput, first, valuesAcross, scoreWidth, 1, (count, valid, rowPairs))
            loops.softmax_backward(dScores, dScores, probabilities, count, valid, scoreWidth)
            loops.narrow_rows(rounded.start, scoreWidth, dScores, scoreWidth, count, valid)
            multiply(dQueries, rounded, 0, keyPairs, rowWidth, layout.scale, (count, shape.headWidth, tokenPairs))
            let row = layout.inputStart + first * shape.rowStride
            store(dQueries, to: gradients.query, start: row, stride: shape.rowStride, count: count)
            addTransposed(dKeys, rounded, queries.from(first), count, scale: layout.scale)
            lane.scratch.release(to: mark)
        }
        store(dKeys, to: gradients.key, start: layout.inputStart, stride: shape.rowStride, count: valid)
        store(dValues, to: gradients.value, start: layout.inputStart, stride: shape.rowStride, count: valid)
        layout.clear(gradients.query, from: shape.queries)
        layout.clear(gradients.key, from: valid)
        layout.clear(gradients.value, from: valid)
    }
}

/// Rows of bfloat16, `stride` elements apart, an even number.
private struct Rows {
    let start: UnsafeMutablePointer<UInt16>
    let stride: Int

    /// Rows of a head where they lie; a copy where a pair of neighbours would not start at a whole word.
    init(_ matrix: ActivationSlice, start: Int, stride: Int, _ lane: ComputeBackend, width: Int, _ count: Int) {
        let first = matrix.pointer.assumingMemoryBound(to: UInt16.self) + start
        guard width % 2 != 0 else {
            (self.start, self.stride) = (first, stride)
            return
        }
        let copy = lane.scratch.take(count * (width + 1), .bfloat16).pointer.assumingMemoryBound(to: UInt16.self)
        for row in 0..<count {
            (copy + row * (width + 1)).update(from: first + row * stride, count: width)
            copy[row * (width + 1) + width] = 0
        }
        (self.start, self.stride) = (copy, width + 1)
    }

    init(_ start: UnsafeMutablePointer<UInt16>, stride: Int) {
        (self.start, self.stride) = (start, stride)
    }

    func from(_ row: Int) -> Rows { Rows(start + row * stride, stride: stride) }
    /// Each row's pairs of neighbours, `stride / 2` apart.
    var words: UnsafeMutableRawPointer { UnsafeMutableRawPointer(start) }
}

extension HalfAttentionHead {
    private func input(_ matrix: ActivationSlice, _ count: Int) -> Rows {
        Rows(matrix, start: layout.inputStart, stride: shape.rowStride, lane, width: shape.headWidth, count)
    }

    private func halves(_ count: Int) -> Rows {
        Rows(lane.scratch.take(count, .bfloat16).pointer.assumingMemoryBound(to: UInt16.self), stride: scoreWidth)
    }

    private func words(_ count: Int) -> Words {
        UnsafeMutableRawPointer(lane.scratch.take(count).pointer).assumingMemoryBound(to: UInt32.self)
    }

    /// Pairs of a row's neighbours across the valid tokens: [headWidth / 2, scoreWidth].
    private func transposed(_ rows: Rows) -> Words {
        let copy = words(rowPairs * scoreWidth)
        loops.transpose(
            UnsafeMutableRawPointer(copy).assumingMemoryBound(to: Float.self), scoreWidth,
            rows.words.assumingMemoryBound(to: Float.self), rows.stride / 2, valid, rowPairs)
        return copy
    }

    /// Pairs of a column's neighbours: [count / 2, rowWidth].
    private func paired(_ rows: Rows, _ count: Int) -> Words {
        let pairs = words((count + 1) / 2 * rowWidth)
        loops.pair_rows(pairs, rowWidth, rows.start, rows.stride, count, shape.headWidth)
        return pairs
    }

    /// scores = scale · queries · keysᵀ
    private func score(
        _ scores: UnsafeMutablePointer<Float>, _ queries: Rows, _ first: Int, _ keysAcross: Words, _ count: Int
    ) {
        multiply(scores, queries, first, keysAcross, scoreWidth, layout.scale, (count, valid, rowPairs))
    }

    /// c = scale · rows · right, over pairs of neighbours of the rows from `first` on.
    private func multiply(
        _ c: UnsafeMutablePointer<Float>, _ rows: Rows, _ first: Int, _ right: Words, _ width: Int, _ scale: Float,
        _ size: (rows: Int, columns: Int, pairs: Int)
    ) {
        loops.pair_product(
            c, width, rows.from(first).words.assumingMemoryBound(to: UInt32.self), rows.stride / 2, 1, right, width,
            scale, 0, size.rows, size.columns, size.pairs)
    }

    /// sums [valid, headWidth] += scale · weightsᵀ · rows over `count` queries.
    private func addTransposed(
        _ sums: UnsafeMutablePointer<Float>, _ weights: Rows, _ rows: Rows, _ count: Int, scale: Float
    ) {
        let across = words((count + 1) / 2 * scoreWidth)
        loops.pair_rows(across, scoreWidth, weights.start, weights.stride, count, valid)
        loops.pair_product(
            sums, rowWidth, across, 1, scoreWidth, paired(rows, count), rowWidth, scale, 1, valid, shape.headWidth,
            (count + 1) / 2)
    }

    private func store(
        _ rows: UnsafePointer<Float>, to matrix: ActivationSlice, start: Int, stride: Int, count: Int
    ) {
        let target = matrix.pointer.assumingMemoryBound(to: UInt16.self) + start
        for row in 0..<count { loops.narrow(target + row * stride, rows + row * rowWidth, shape.headWidth) }
    }
}
