internal import CVectorLoops
import MawsTensor

extension ComputeBackend {
    /// softmax(query · keyᵀ / sqrt(headWidth)) · value for each head; keeps the logarithm of each softmax's sum.
    /// - Parameter validTokens: for each sequence how many leading tokens may be attended to; nil: all.
    public func attentionForward(
        _ y: ActivationSlice, _ logSums: FloatSlice, query: ActivationSlice, key: ActivationSlice,
        value: ActivationSlice, validTokens: [Int]?, _ shape: AttentionShape
    ) {
        shape.check(y, logSums, [query, key, value], validTokens)
        forEach(shape.batch * shape.heads) { piece, lane in
            let layout = HeadLayout(shape, piece, validTokens)
            if y.element == .bfloat16 {
                HalfAttentionHead(layout, lane).forward(y, logSums, query, key, value)
            } else {
                AttentionHead(layout, lane).forward(y, logSums, query, key, value)
            }
        }
    }

    /// Gradients laid out as query, key and value, zero for tokens without effect. `dy` is dense as y. The
    /// probabilities are computed again: they would take more memory than everything else that attention keeps.
    public func attentionBackward(
        dQuery: ActivationSlice, dKey: ActivationSlice, dValue: ActivationSlice, _ dy: ActivationSlice,
        _ logSums: FloatSlice, query: ActivationSlice, key: ActivationSlice, value: ActivationSlice,
        validTokens: [Int]?, _ shape: AttentionShape
    ) {
        shape.check(dy, logSums, [query, key, value, dQuery, dKey, dValue], validTokens)
        forEach(shape.batch * shape.heads) { piece, lane in
            let layout = HeadLayout(shape, piece, validTokens)
            if dy.element == .bfloat16 {
                HalfAttentionHead(layout, lane).backward((dQuery, dKey, dValue), dy, logSums, (query, key, value))
            } else {
                AttentionHead(layout, lane).backward((dQuery, dKey, dValue), dy, logSums, (query, key, value))
            }
        }
    }
}

extension AttentionShape {
    fileprivate func check(
        _ output: ActivationSlice, _ logSums: FloatSlice, _ inputs: [ActivationSlice], _ validTokens: [Int]?
    ) {
        precondition(output.count == batch * queries * width && logSums.count == logSumCount)
        precondition(rowStride >= width && queries <= tokens)
        for input in inputs {
            precondition(input.count >= (batch * tokens - 1) * rowStride + width && input.element == output.element)
        }
        if let validTokens {
            precondition(validTokens.count == batch && validTokens.allSatisfy { $0 > 0 && $0 <= tokens })
        }
    }
}
