import MawsTensor

/// fp32 on any x86-64 or arm64 CPU: OpenBLAS for large matrix products, vectorised loops for everything else.
public final class ReferenceBackend: ComputeBackend {
    public let threads: Int
    public let profile: String

    /// - Parameter threads: cores used, at least 1. OpenBLAS has one setting a process: the last backend made wins.
    public init(threads: Int) {
        precondition(threads > 0)
        self.threads = threads
        profile = "reference"
    }

    public func linearForward(
        _ y: FloatSlice, _ x: FloatSlice, _ weight: FloatSlice, _ bias: FloatSlice?, residual: FloatSlice?,
        _ shape: LinearShape
    ) { fatalError() }
    public func linearBackward(
        _ dx: FloatSlice?, _ dWeight: FloatSlice?, _ dBias: FloatSlice?, _ dy: FloatSlice, _ x: FloatSlice,
        _ weight: FloatSlice, _ shape: LinearShape
    ) { fatalError() }
    public func matrixProduct(
        _ c: FloatSlice, _ a: FloatSlice, transposed aTransposed: Bool, _ b: FloatSlice, transposed bTransposed: Bool,
        m: Int, n: Int, k: Int, alpha: Float, beta: Float
    ) { fatalError() }
    public func layerNormForward(
        _ y: FloatSlice, _ mean: FloatSlice, _ reciprocal: FloatSlice, _ x: FloatSlice, _ gamma: FloatSlice,
        _ beta: FloatSlice, epsilon: Float, _ shape: RowShape
    ) { fatalError() }
    public func layerNormBackward(
        _ dx: FloatSlice, _ dGamma: FloatSlice?, _ dBeta: FloatSlice?, _ dy: FloatSlice, _ x: FloatSlice,
        _ mean: FloatSlice, _ reciprocal: FloatSlice, _ gamma: FloatSlice, residual: FloatSlice?, _ shape: RowShape
    ) { fatalError() }
    public func attentionForward(
        _ y: FloatSlice, _ probabilities: FloatSlice, query: FloatSlice, key: FloatSlice, value: FloatSlice,
        validTokens: [Int]?, _ shape: AttentionShape
    ) { fatalError() }
    public func attentionBackward(
        dQuery: FloatSlice, dKey: FloatSlice, dValue: FloatSlice, _ dy: FloatSlice, _ probabilities: FloatSlice,
        query: FloatSlice, key: FloatSlice, value: FloatSlice, validTokens: [Int]?, _ shape: AttentionShape
    ) { fatalError() }
    public func geluForward(_ y: FloatSlice, _ x: FloatSlice) { fatalError() }
    public func geluBackward(_ dx: FloatSlice, _ dy: FloatSlice, _ x: FloatSlice) { fatalError() }
    public func tanhForward(_ y: FloatSlice, _ x: FloatSlice) { fatalError() }
    public func tanhBackward(_ dx: FloatSlice, _ dy: FloatSlice, _ y: FloatSlice) { fatalError() }
    public func softmaxForward(_ y: FloatSlice, _ x: FloatSlice, _ shape: RowShape) { fatalError() }
    public func softmaxBackward(_ dx: FloatSlice, _ dy: FloatSlice, _ y: FloatSlice, _ shape: RowShape) { fatalError() }
    public func add(_ y: FloatSlice, _ a: FloatSlice, _ b: FloatSlice) { fatalError() }
    public func scale(_ y: FloatSlice, _ x: FloatSlice, by factor: Float) { fatalError() }
    public func sumRows(_ sums: FloatSlice, _ x: FloatSlice, _ shape: RowShape) { fatalError() }
    public func gatherRows(_ y: FloatSlice, _ table: FloatSlice, _ indices: [Int], width: Int) { fatalError() }
    public func scatterAddRows(_ dTable: FloatSlice, _ dy: FloatSlice, _ indices: [Int], width: Int) { fatalError() }
}
