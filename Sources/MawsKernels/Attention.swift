internal import CVectorLoops
import MawsTensor

extension ReferenceBackend {
    public func attentionForward(
        _ y: FloatSlice, _ probabilities: FloatSlice, query: FloatSlice, key: FloatSlice, value: FloatSlice,
        validTokens: [Int]?, _ shape: AttentionShape
    ) {
        shape.check(y, probabilities, [query, key, value], validTokens)
        pool.run(shape.batch * shape.heads) { piece, worker in
            let head = AttentionHead(
                shape, piece, validTokens, loops, scratch: pool.scratch(worker, shape.scratchCount))
            head.forward(
                y.pointer + head.outputStart, probabilities.pointer + head.probabilityStart,
                query.pointer + head.inputStart, key.pointer + head.inputStart, value.pointer + head.inputStart)
        }
    }

    public func attentionBackward(
        dQuery: FloatSlice, dKey: FloatSlice, dValue: FloatSlice, _ dy: FloatSlice, _ probabilities: FloatSlice,
        query: FloatSlice, key: FloatSlice, value: FloatSlice, validTokens: [Int]?, _ shape: AttentionShape
    ) {
        shape.check(dy, probabilities, [query, key, value, dQuery, dKey, dValue], validTokens)
        pool.run(shape.batch * shape.heads) { piece, worker in
            let head = AttentionHead(
                shape, piece, validTokens, loops, scratch: pool.scratch(worker, shape.scratchCount))
            let (input, dyHead) = (head.inputStart, dy.pointer + head.outputStart)
            let saved = probabilities.pointer + head.probabilityStart
            head.backwardValue(dValue.pointer + input, dyHead, saved)
            let dScores = head.backwardScores(dyHead, saved, value.pointer + input)
            head.backwardQueryAndKey(
                dQuery.pointer + input, dKey.pointer + input, dScores, query.pointer + input, key.pointer + input)
        }
    }
}

extension AttentionShape {
    /// Floats a head needs: transposed keys, three padded operands, and the scores' gradient.
    fileprivate var scratchCount: Int {
        headWidth * AttentionHead.pad(tokens) + 3 * tokens * AttentionHead.pad(headWidth) + queries * tokens
    }

    fileprivate func check(
        _ output: FloatSlice, _ probabilities: FloatSlice, _ inputs: [FloatSlice], _ validTokens: [Int]?
    ) {
        precondition(output.count == batch * queries * width && probabilities.count == probabilityCount)
        precondition(rowStride >= width && queries <= tokens)
        for input in inputs { precondition(input.count >= (batch * tokens - 1) * rowStride + width) }
        if let validTokens {
            precondition(validTokens.count == batch && validTokens.allSatisfy { $0 > 0 && $0 <= tokens })
        }
    }
}
