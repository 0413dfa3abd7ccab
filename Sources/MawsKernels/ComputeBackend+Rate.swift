import MawsBase
import MawsTensor

extension ComputeBackend {
    /// Floating-point operations a second of the library's products alone, on all threads: the best of a few times the
    /// first layer of a ViT-B's mlp. Half a second at most on a CPU of any use.
    /// - Parameter now: reads a clock.
    package func productRate(now: () -> Moment) -> Double {
        let matrix = WeightMatrix(0..<768 * 3072, outputs: 3072, inputs: 768)
        let weights = BlockWeights(FloatBuffer(count: matrix.range.count))
        let (rows, memory) = (1024 * threads, Workspace())
        let (x, y) = (memory.take(rows * matrix.inputs, operands), memory.take(rows * matrix.outputs, operands))
        packForward(weights, [matrix])
        var best = Double.infinity
        for _ in 0..<4 {
            let start = now()
            linearForward(y, x, weights, matrix, bias: nil, residual: nil, rows: rows)
            best = min(best, now().seconds(since: start))
        }
        return 2 * Double(rows) * Double(matrix.range.count) / best
    }
}
