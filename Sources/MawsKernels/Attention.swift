internal import CVectorLoops
import MawsTensor

/// Self-attention of `batch` sequences of `tokens` tokens.
///
/// Query, key and value of a token lie side by side, as one linear layer makes them: qkv and its gradient are
/// [batch, tokens, 3, heads, headWidth]. Only the first `queries` tokens of a sequence ask.
package struct AttentionShape: Hashable, Sendable {
    package var batch: Int
    package var tokens: Int
    package var heads: Int
    package var headWidth: Int
    package var queries: Int

    /// - Parameter queries: tokens that ask, all unless given; 1 where only the class token's output is used.
    package init(batch: Int, tokens: Int, heads: Int, headWidth: Int, queries: Int? = nil) {
        self.batch = batch
        self.tokens = tokens
        self.heads = heads
        self.headWidth = headWidth
        self.queries = queries ?? tokens
    }

    package var width: Int { heads * headWidth }
    package var qkvCount: Int { batch * tokens * 3 * width }
    package var outputCount: Int { batch * queries * width }
    package var logSumExpCount: Int { batch * heads * queries }

    fileprivate func check(
        _ qkv: [ActivationSlice], _ output: ActivationSlice, _ logSumExp: FloatSlice, _ validTokens: [Int]?
    ) {
        precondition(queries <= tokens && output.count == outputCount && logSumExp.count == logSumExpCount)
        precondition(qkv.allSatisfy { $0.count == qkvCount && $0.element == output.element })
        if let validTokens {
            precondition(validTokens.count == batch && validTokens.allSatisfy { $0 > 0 && $0 <= tokens })
        }
    }
}

/// Attention, forward and backward, in fp32 or with bfloat16 operands.
extension ComputeBackend {
    /// y = softmax(query · keyᵀ / sqrt(headWidth)) · value for each head.
    /// - Parameters:
    ///   - y: [batch, queries, heads, headWidth]
    ///   - logSumExp: [batch, heads, queries], of the scores; kept for the backward pass.
    ///   - qkv: [batch, tokens, 3, heads, headWidth]
    ///   - validTokens: for each sequence how many leading tokens may be attended to; nil: all.
    package func attentionForward(
        _ y: ActivationSlice, _ logSumExp: FloatSlice, _ qkv: ActivationSlice, validTokens: [Int]?,
        _ shape: AttentionShape
    ) {
        shape.check([qkv], y, logSumExp, validTokens)
        forEach(shape.batch * shape.heads) { piece, worker in
            let layout = HeadLayout(shape, piece, validTokens)
            switch y.element {
            case .float32: AttentionHead(FloatOperands(layout, worker)).forward(y, logSumExp, qkv)
            case .bfloat16: AttentionHead(PairOperands(layout, worker)).forward(y, logSumExp, qkv)
            }
        }
    }

    /// The gradient of query, key and value, zero for tokens without effect. The probabilities are computed again: they
    /// would take more memory than everything else that attention keeps.
    /// - Parameters:
    ///   - dQKV: [batch, tokens, 3, heads, headWidth]
    ///   - dy: [batch, queries, heads, headWidth]
    ///   - logSumExp: [batch, heads, queries], of the forward pass.
    ///   - qkv: [batch, tokens, 3, heads, headWidth]
    ///   - validTokens: as in the forward pass.
    package func attentionBackward(
        _ dQKV: ActivationSlice, _ dy: ActivationSlice, _ logSumExp: FloatSlice, _ qkv: ActivationSlice,
        validTokens: [Int]?, _ shape: AttentionShape
    ) {
        shape.check([qkv, dQKV], dy, logSumExp, validTokens)
        forEach(shape.batch * shape.heads) { piece, worker in
            let layout = HeadLayout(shape, piece, validTokens)
            switch dy.element {
            case .float32: AttentionHead(FloatOperands(layout, worker)).backward(dQKV, dy, logSumExp, qkv)
            case .bfloat16: AttentionHead(PairOperands(layout, worker)).backward(dQKV, dy, logSumExp, qkv)
            }
        }
    }
}

// MARK: - One head

/// One head of one sequence on one thread, `block` queries at a time, so that their scores stay in the cache. `valid`
/// tokens may be attended to.
///
/// What enters a product has the activations' type: rows of the inputs as they are, probabilities and the scores'
/// gradients rounded once. Scores, softmax, its backward pass and every sum are fp32.
private struct AttentionHead<Operands: HeadOperands> {
    let operands: Operands
    let layout: HeadLayout
    let scratch: Workspace
    let loops: MawsVectorLoops

    init(_ operands: Operands) {
        (self.operands, layout) = (operands, operands.layout)
        (scratch, loops) = (operands.worker.scratch, operands.worker.loops)
    }

    /// The head's parts of y [batch, queries, heads, headWidth] and logSumExp [batch, heads, queries].
    func forward(_ y: ActivationSlice, _ logSumExp: FloatSlice, _ qkv: ActivationSlice) {
        let mark = scratch.mark
        defer { scratch.release(to: mark) }
        let (width, valid, scale) = (layout.shape.headWidth, layout.valid, layout.scale)
        let query = operands.rows(qkv, layout.query, layout.shape.queries)  // [queries, headWidth]
        let keyAcross = operands.across(operands.rows(qkv, layout.key, valid))  // [headWidth, valid]
        let value = operands.down(operands.rows(qkv, layout.value, valid), valid)  // [valid, headWidth]
        let scores = takeScores()  // [block, valid]
        let output = takeRows(HeadLayout.block)  // [block, headWidth]
        for first in stride(from: 0, to: layout.shape.queries, by: HeadLayout.block) {
            let count = min(HeadLayout.block, layout.shape.queries - first)
            let blockMark = scratch.mark
            // scores [count, valid] = scale · query [count, headWidth] · keyᵀ [headWidth, valid]
            operands.product(scores, query.from(first), keyAcross, scale, (count, valid, width))
            // probabilities [count, valid] = softmax(scores), in place; logSumExp [count]
            loops.softmax_forward(
                scores.start, logSumExp.pointer + layout.logSumExpStart + first, scores.start, count, valid,
                scores.stride)
            // output [count, headWidth] = probabilities [count, valid] · value [valid, headWidth]
            operands.product(output, operands.rounded(scores, count), value, 1, (count, width, valid))
            operands.store(output, to: y, layout.output.from(first), count)
            scratch.release(to: blockMark)
        }
    }

    /// The head's parts of dQKV [batch, tokens, 3, heads, headWidth].
    func backward(
        _ dQKV: ActivationSlice, _ dy: ActivationSlice, _ logSumExp: FloatSlice, _ qkv: ActivationSlice
    ) {
        let mark = scratch.mark
        defer { scratch.release(to: mark) }
        let (width, valid, scale) = (layout.shape.headWidth, layout.valid, layout.scale)
        let queries = layout.shape.queries
        let query = operands.rows(qkv, layout.query, queries)  // [queries, headWidth]
        let key = operands.rows(qkv, layout.key, valid)  // [valid, headWidth]
        let value = operands.rows(qkv, layout.value, valid)  // [valid, headWidth]
        let dOutput = operands.rows(dy, layout.output, queries)  // [queries, headWidth]
        let (keyAcross, valueAcross) = (operands.across(key), operands.across(value))  // [headWidth, valid]
        let keyDown = operands.down(key, valid)  // [valid, headWidth]
        let dQuery = takeRows(HeadLayout.block)  // [block, headWidth]
        let (dKey, dValue) = (takeZeros(valid), takeZeros(valid))  // [valid, headWidth], sums over all queries
        let (probabilities, dScores) = (takeScores(), takeScores())  // [block, valid]
        for first in stride(from: 0, to: queries, by: HeadLayout.block) {
            let count = min(HeadLayout.block, queries - first)
            let blockMark = scratch.mark
            let (asked, dAsked) = (query.from(first), dOutput.from(first))  // [count, headWidth]
            // probabilities [count, valid] = exp(scale · query · keyᵀ - logSumExp [count])
            operands.product(probabilities, asked, keyAcross, scale, (count, valid, width))
            loops.softmax_recompute(
                probabilities.start, logSumExp.pointer + layout.logSumExpStart + first, probabilities.start, count,
                valid, probabilities.stride)
            // dValue [valid, headWidth] += probabilitiesᵀ [valid, count] · dOutput [count, headWidth]
            operands.addTransposedProduct(dValue, operands.rounded(probabilities, count), dAsked, 1, count)
            scratch.release(to: blockMark)
            // dProbabilities [count, valid] = dOutput [count, headWidth] · valueᵀ [headWidth, valid]
            operands.product(dScores, dAsked, valueAcross, 1, (count, valid, width))
            // dScores [count, valid] = probabilities ∘ (dProbabilities - their mean under the probabilities), in place
            loops.softmax_backward(
                dScores.start, dScores.start, probabilities.start, count, valid, dScores.stride)
            let rounded = operands.rounded(dScores, count)
            // dQuery [count, headWidth] = scale · dScores [count, valid] · key [valid, headWidth]
            operands.product(dQuery, rounded, keyDown, scale, (count, width, valid))
            operands.store(dQuery, to: dQKV, layout.query.from(first), count)
            // dKey [valid, headWidth] += scale · dScoresᵀ [valid, count] · query [count, headWidth]
            operands.addTransposedProduct(dKey, rounded, asked, scale, count)
            scratch.release(to: blockMark)
        }
        operands.store(dKey, to: dQKV, layout.key, valid)
        operands.store(dValue, to: dQKV, layout.value, valid)
        layout.clear(dQKV, layout.query, from: queries)
        for place in [layout.key, layout.value] { layout.clear(dQKV, place, from: valid) }
    }

    private func takeScores() -> HeadRows<Float> { take(HeadLayout.block, layout.scoreStride) }
    private func takeRows(_ rows: Int) -> HeadRows<Float> { take(rows, layout.rowStride) }

    private func take(_ rows: Int, _ stride: Int) -> HeadRows<Float> {
        HeadRows(scratch.take(rows * stride).pointer, stride: stride)
    }

    private func takeZeros(_ rows: Int) -> HeadRows<Float> {
        HeadRows(scratch.takeZeros(rows * layout.rowStride).pointer, stride: layout.rowStride)
    }
}

// MARK: - Layout

/// Where one head of one sequence lies in attention's inputs and outputs, and how its copies in the cache are laid out.
private struct HeadLayout {
    /// Queries whose scores are in the cache at once.
    static let block = 64

    /// A head's rows in activations: where its first element lies, and the elements from one row to the next.
    struct Place {
        var start: Int
        var stride: Int

        func from(_ row: Int) -> Place { Place(start: start + row * stride, stride: stride) }
    }

    let shape: AttentionShape
    /// [tokens, headWidth] each, in qkv and in its gradient.
    let query, key, value: Place
    /// [queries, headWidth] in y and in its gradient.
    let output: Place
    let logSumExpStart: Int
    /// Tokens that may be attended to.
    let valid: Int
    let scale: Float
    /// Elements from row to row in copies of a head's rows and in scores: whole vectors, to whose end products read.
    let rowStride, scoreStride: Int

    /// - Parameter piece: sequence · heads + head
    init(_ shape: AttentionShape, _ piece: Int, _ validTokens: [Int]?) {
        let (sequence, head) = piece.quotientAndRemainder(dividingBy: shape.heads)
        self.shape = shape
        let start = sequence * shape.tokens * 3 * shape.width + head * shape.headWidth
        query = Place(start: start, stride: 3 * shape.width)
        key = Place(start: start + shape.width, stride: 3 * shape.width)
        value = Place(start: start + 2 * shape.width, stride: 3 * shape.width)
        output = Place(
            start: sequence * shape.queries * shape.width + head * shape.headWidth, stride: shape.width)
        logSumExpStart = piece * shape.queries
        valid = validTokens?[sequence] ?? shape.tokens
        scale = 1 / Float(shape.headWidth).squareRoot()
        rowStride = Self.wholeVectors(shape.headWidth)
        scoreStride = Self.wholeVectors(valid)
    }

    private static func wholeVectors(_ count: Int) -> Int { (count + 15) / 16 * 16 }

    /// Zeros the gradient of the tokens from `first` on: of those that nobody may attend to, or that did not ask.
    func clear(_ gradient: ActivationSlice, _ place: Place, from first: Int) {
        let byteCount = gradient.element.byteCount
        for row in first..<shape.tokens {
            let start = gradient.pointer + place.from(row).start * byteCount
            start.initializeMemory(as: UInt8.self, repeating: 0, count: shape.headWidth * byteCount)
        }
    }
}

/// A matrix of a head in rows `stride` elements apart.
private struct HeadRows<Element> {
    let start: UnsafeMutablePointer<Element>
    let stride: Int

    init(_ start: UnsafeMutablePointer<Element>, stride: Int) { (self.start, self.stride) = (start, stride) }

    func from(_ row: Int) -> HeadRows { HeadRows(start + row * stride, stride: stride) }
}

// MARK: - Products

/// How a head's matrices enter its products, for one type of activations. A product's left side is rows of elements;
/// its right side is rows of words, each of what one column contributes to one step of a sum.
private protocol HeadOperands {
    associatedtype Element
    associatedtype Word

    var layout: HeadLayout { get }
    var worker: ComputeBackend { get }

    /// A left side [count, headWidth] from activations.
    func rows(_ x: ActivationSlice, _ place: HeadLayout.Place, _ count: Int) -> HeadRows<Element>
    /// A left side [count, valid] from scores, with one rounding.
    func rounded(_ scores: HeadRows<Float>, _ count: Int) -> HeadRows<Element>
    /// The right side xᵀ [headWidth, valid] from x [valid, headWidth].
    func across(_ x: HeadRows<Element>) -> HeadRows<Word>
    /// The right side x [count, headWidth].
    func down(_ x: HeadRows<Element>, _ count: Int) -> HeadRows<Word>
    /// c [rows, columns] = scale · left [rows, depth] · right [depth, columns]
    func product(
        _ c: HeadRows<Float>, _ left: HeadRows<Element>, _ right: HeadRows<Word>, _ scale: Float,
        _ size: (rows: Int, columns: Int, depth: Int))
    /// c [valid, headWidth] += scale · leftᵀ [valid, count] · right [count, headWidth]
    func addTransposedProduct(
        _ c: HeadRows<Float>, _ left: HeadRows<Element>, _ right: HeadRows<Element>, _ scale: Float, _ count: Int)
    /// Writes x [count, headWidth] to activations.
    func store(_ x: HeadRows<Float>, to target: ActivationSlice, _ place: HeadLayout.Place, _ count: Int)
}

/// fp32: products take copies of a head's rows, with zeros behind them up to whole vectors.
private struct FloatOperands: HeadOperands {
    let layout: HeadLayout
    let worker: ComputeBackend
    private var width: Int { layout.shape.headWidth }

    init(_ layout: HeadLayout, _ worker: ComputeBackend) { (self.layout, self.worker) = (layout, worker) }

    func rows(_ x: ActivationSlice, _ place: HeadLayout.Place, _ count: Int) -> HeadRows<Float> {
        let copy = HeadRows(worker.scratch.take(count * layout.rowStride).pointer, stride: layout.rowStride)
        let source = x.pointer.assumingMemoryBound(to: Float.self) + place.start
        for row in 0..<count {
            let target = copy.from(row).start
            target.update(from: source + row * place.stride, count: width)
            (target + width).update(repeating: 0, count: copy.stride - width)
        }
        return copy
    }

    func rounded(_ scores: HeadRows<Float>, _ count: Int) -> HeadRows<Float> { scores }

    func across(_ x: HeadRows<Float>) -> HeadRows<Float> {
        let copy = worker.scratch.take(width * layout.scoreStride).pointer
        worker.loops.transpose(copy, layout.scoreStride, x.start, x.stride, layout.valid, width)
        return HeadRows(copy, stride: layout.scoreStride)
    }

    func down(_ x: HeadRows<Float>, _ count: Int) -> HeadRows<Float> { x }

    func product(
        _ c: HeadRows<Float>, _ left: HeadRows<Float>, _ right: HeadRows<Float>, _ scale: Float,
        _ size: (rows: Int, columns: Int, depth: Int)
    ) {
        worker.loops.small_product(
            c.start, c.stride, left.start, left.stride, 1, right.start, right.stride, scale, 0, size.rows,
            size.columns, size.depth)
    }

    func addTransposedProduct(
        _ c: HeadRows<Float>, _ left: HeadRows<Float>, _ right: HeadRows<Float>, _ scale: Float, _ count: Int
    ) {
        worker.loops.small_product(
            c.start, c.stride, left.start, 1, left.stride, right.start, right.stride, scale, 1, layout.valid, width,
            count)
    }

    func store(_ x: HeadRows<Float>, to target: ActivationSlice, _ place: HeadLayout.Place, _ count: Int) {
        let target = target.pointer.assumingMemoryBound(to: Float.self) + place.start
        for row in 0..<count { (target + row * place.stride).update(from: x.from(row).start, count: width) }
    }
}

/// bfloat16: a word is a pair of neighbours in the direction that is summed over, the upper or left one in the low
/// half. A row's pairs lie in memory as they are; a column's are made, a row of pairs from two rows.
private struct PairOperands: HeadOperands {
    let layout: HeadLayout
    let worker: ComputeBackend
    private var width: Int { layout.shape.headWidth }

    init(_ layout: HeadLayout, _ worker: ComputeBackend) { (self.layout, self.worker) = (layout, worker) }

    /// The rows where they lie; a copy where a pair of neighbours would not start at a whole word.
    func rows(_ x: ActivationSlice, _ place: HeadLayout.Place, _ count: Int) -> HeadRows<UInt16> {
        let source = HeadRows(
            x.pointer.assumingMemoryBound(to: UInt16.self) + place.start, stride: place.stride)
        if width % 2 == 0 { return source }
        let copy = takeElements(count, stride: width + 1)
        for row in 0..<count {
            copy.from(row).start.update(from: source.from(row).start, count: width)
            copy.from(row).start[width] = 0
        }
        return copy
    }

    func rounded(_ scores: HeadRows<Float>, _ count: Int) -> HeadRows<UInt16> {
        let copy = takeElements(count, stride: scores.stride)
        worker.loops.narrow_rows(copy.start, copy.stride, scores.start, scores.stride, count, layout.valid)
        return copy
    }

    func across(_ x: HeadRows<UInt16>) -> HeadRows<UInt32> {
        let copy = takeWords(pairs(width), stride: layout.scoreStride)
        worker.loops.transpose(
            UnsafeMutableRawPointer(copy.start).assumingMemoryBound(to: Float.self), copy.stride,
            UnsafeMutableRawPointer(x.start).assumingMemoryBound(to: Float.self), x.stride / 2, layout.valid,
            pairs(width))
        return copy
    }

    func down(_ x: HeadRows<UInt16>, _ count: Int) -> HeadRows<UInt32> {
        let copy = takeWords(pairs(count), stride: layout.rowStride)
        worker.loops.pair_rows(copy.start, copy.stride, x.start, x.stride, count, width)
        return copy
    }

    func product(
        _ c: HeadRows<Float>, _ left: HeadRows<UInt16>, _ right: HeadRows<UInt32>, _ scale: Float,
        _ size: (rows: Int, columns: Int, depth: Int)
    ) {
        worker.loops.pair_product(
            c.start, c.stride, UnsafeMutableRawPointer(left.start).assumingMemoryBound(to: UInt32.self),
            left.stride / 2, 1, right.start, right.stride, scale, 0, size.rows, size.columns, pairs(size.depth))
    }

    func addTransposedProduct(
        _ c: HeadRows<Float>, _ left: HeadRows<UInt16>, _ right: HeadRows<UInt16>, _ scale: Float, _ count: Int
    ) {
        let transposed = takeWords(pairs(count), stride: layout.scoreStride)
        worker.loops.pair_rows(
            transposed.start, transposed.stride, left.start, left.stride, count, layout.valid)
        let below = down(right, count)
        worker.loops.pair_product(
            c.start, c.stride, transposed.start, 1, transposed.stride, below.start, below.stride, scale, 1,
            layout.valid, width, pairs(count))
    }

    func store(_ x: HeadRows<Float>, to target: ActivationSlice, _ place: HeadLayout.Place, _ count: Int) {
        let target = target.pointer.assumingMemoryBound(to: UInt16.self) + place.start
        for row in 0..<count { worker.loops.narrow(target + row * place.stride, x.from(row).start, width) }
    }

    private func pairs(_ count: Int) -> Int { (count + 1) / 2 }

    private func takeElements(_ rows: Int, stride: Int) -> HeadRows<UInt16> {
        let memory = worker.scratch.take(rows * stride, .bfloat16)
        return HeadRows(memory.pointer.assumingMemoryBound(to: UInt16.self), stride: stride)
    }

    private func takeWords(_ rows: Int, stride: Int) -> HeadRows<UInt32> {
        let memory = UnsafeMutableRawPointer(worker.scratch.take(rows * stride).pointer)
        return HeadRows(memory.assumingMemoryBound(to: UInt32.self), stride: stride)
    }
}
