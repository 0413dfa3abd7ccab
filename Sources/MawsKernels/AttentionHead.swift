internal import CVectorLoops

/// One head of one sequence, computed in cache by one worker.
struct AttentionHead {
    /// Offsets of the head's first element in the inputs, the output and the probabilities.
    let inputStart: Int
    let outputStart: Int
    let probabilityStart: Int
    private let shape: AttentionShape
    private let loops: MawsVectorLoops
    /// Tokens that may be attended to.
    private let valid: Int
    private let scale: Float
    private let transposed: UnsafeMutablePointer<Float>
    private let padded: UnsafeMutablePointer<Float>
    private let scores: UnsafeMutablePointer<Float>

    init(
        _ shape: AttentionShape, _ piece: Int, _ validTokens: [Int]?, _ loops: MawsVectorLoops,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let (sequence, head) = piece.quotientAndRemainder(dividingBy: shape.heads)
        self.shape = shape
        self.loops = loops
        inputStart = sequence * shape.tokens * shape.rowStride + head * shape.headWidth
        outputStart = sequence * shape.queries * shape.width + head * shape.headWidth
        probabilityStart = piece * shape.queries * shape.tokens
        valid = validTokens?[sequence] ?? shape.tokens
        scale = 1 / Float(shape.headWidth).squareRoot()
        transposed = scratch
        padded = transposed + shape.headWidth * Self.pad(shape.tokens)
        scores = padded + 3 * shape.tokens * Self.pad(shape.headWidth)
    }

    /// Rounded up to what the small matrix product may read.
    static func pad(_ count: Int) -> Int { (count + 15) / 16 * 16 }

    /// y = softmax(scale · query · keyᵀ) · value, keeping the probabilities [queries, tokens].
    func forward(
        _ y: UnsafeMutablePointer<Float>, _ probabilities: UnsafeMutablePointer<Float>, _ query: UnsafePointer<Float>,
        _ key: UnsafePointer<Float>, _ value: UnsafePointer<Float>
    ) {
        let keyStride = Self.pad(valid)
        loops.transpose(transposed, keyStride, key, shape.rowStride, valid, shape.headWidth)
        loops.small_product(
            probabilities, shape.tokens, query, shape.rowStride, 1, transposed, keyStride, scale, shape.queries, valid,
            shape.headWidth)
        softmax(probabilities)
        let (values, stride) = readable(value, shape.rowStride, valid, slot: 0)
        loops.small_product(
            y, shape.width, probabilities, shape.tokens, 1, values, stride, 1, shape.queries, shape.headWidth, valid)
    }

    /// dValue = probabilitiesᵀ · dy
    func backwardValue(
        _ dValue: UnsafeMutablePointer<Float>, _ dy: UnsafePointer<Float>, _ probabilities: UnsafePointer<Float>
    ) {
        let (gradients, stride) = readable(dy, shape.width, shape.queries, slot: 0)
        loops.small_product(
            dValue, shape.rowStride, probabilities, 1, shape.tokens, gradients, stride, 1, valid, shape.headWidth,
            shape.queries)
        zeroRows(dValue, from: valid)
    }

    /// The gradient of the scores before scaling, [queries, tokens]: softmax's backward of dy · valueᵀ.
    func backwardScores(
        _ dy: UnsafePointer<Float>, _ probabilities: UnsafePointer<Float>, _ value: UnsafePointer<Float>
    ) -> UnsafePointer<Float> {
        let valueStride = Self.pad(valid)
        loops.transpose(transposed, valueStride, value, shape.rowStride, valid, shape.headWidth)
        loops.small_product(
            scores, shape.tokens, dy, shape.width, 1, transposed, valueStride, 1, shape.queries, valid, shape.headWidth)
        if valid == shape.tokens {
            loops.softmax_backward(scores, scores, probabilities, shape.queries, valid)
        } else {
            for row in 0..<shape.queries {
                let start = scores + row * shape.tokens
                loops.softmax_backward(start, start, probabilities + row * shape.tokens, 1, valid)
            }
        }
        return UnsafePointer(scores)
    }

    /// dQuery = scale · dScores · key; dKey = scale · dScoresᵀ · query
    func backwardQueryAndKey(
        _ dQuery: UnsafeMutablePointer<Float>, _ dKey: UnsafeMutablePointer<Float>, _ dScores: UnsafePointer<Float>,
        _ query: UnsafePointer<Float>, _ key: UnsafePointer<Float>
    ) {
        let (keys, keyStride) = readable(key, shape.rowStride, valid, slot: 1)
        loops.small_product(
            dQuery, shape.rowStride, dScores, shape.tokens, 1, keys, keyStride, scale, shape.queries, shape.headWidth,
            valid)
        zeroRows(dQuery, from: shape.queries)
        let (queries, queryStride) = readable(query, shape.rowStride, shape.queries, slot: 2)
        loops.small_product(
            dKey, shape.rowStride, dScores, 1, shape.tokens, queries, queryStride, scale, valid, shape.headWidth,
            shape.queries)
        zeroRows(dKey, from: valid)
    }

    private func softmax(_ scores: UnsafeMutablePointer<Float>) {
        if valid == shape.tokens {
            loops.softmax_forward(scores, scores, shape.queries, valid)
            return
        }
        for row in 0..<shape.queries {
            let start = scores + row * shape.tokens
            loops.softmax_forward(start, start, 1, valid)
            (start + valid).update(repeating: 0, count: shape.tokens - valid)
        }
    }

    /// Rows as the right operand of a small product: as they are where their width is whole vectors, else a copy.
    private func readable(
        _ rows: UnsafePointer<Float>, _ stride: Int, _ count: Int, slot: Int
    ) -> (UnsafePointer<Float>, stride: Int) {
        let width = Self.pad(shape.headWidth)
        if width == shape.headWidth { return (rows, stride) }
        let copy = padded + slot * shape.tokens * width
        for row in 0..<count {
            (copy + row * width).update(from: rows + row * stride, count: shape.headWidth)
            (copy + row * width + shape.headWidth).update(repeating: 0, count: width - shape.headWidth)
        }
        return (UnsafePointer(copy), width)
    }

    private func zeroRows(_ rows: UnsafeMutablePointer<Float>, from first: Int) {
        for row in first..<shape.tokens {
            (rows + row * shape.rowStride).update(repeating: 0, count: shape.headWidth)
        }
    }
}
