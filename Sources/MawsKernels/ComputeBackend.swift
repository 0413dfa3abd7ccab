import MawsTensor

/// Rows of a linear layer or of a table: `rows` samples or tokens of `width` values.
public struct RowShape: Hashable, Sendable {
    public var rows: Int
    public var width: Int

    public init(rows: Int, width: Int) {
        self.rows = rows
        self.width = width
    }

    public var count: Int { rows * width }
}

/// A linear layer over `rows` rows: x [rows, inputs] to y [rows, outputs]; its weight is [outputs, inputs].
public struct LinearShape: Hashable, Sendable {
    public var rows: Int
    public var inputs: Int
    public var outputs: Int

    public init(rows: Int, inputs: Int, outputs: Int) {
        self.rows = rows
        self.inputs = inputs
        self.outputs = outputs
    }
}

/// Self-attention of `batch` sequences of `tokens` tokens.
///
/// Row (b, t) of query, key and value starts at element (b * tokens + t) * rowStride of its slice and holds
/// heads * headWidth values. Three parts of one [rows, 3 * width] buffer have rowStride 3 * width. Only the first
/// `queries` tokens of a sequence ask; the output is dense: [batch, queries, heads * headWidth].
public struct AttentionShape: Hashable, Sendable {
    public var batch: Int
    public var tokens: Int
    public var heads: Int
    public var headWidth: Int
    public var rowStride: Int
    public var queries: Int

    /// - Parameter queries: tokens that ask, all unless given; 1 where only the class token's output is used.
    public init(batch: Int, tokens: Int, heads: Int, headWidth: Int, rowStride: Int, queries: Int? = nil) {
        self.batch = batch
        self.tokens = tokens
        self.heads = heads
        self.headWidth = headWidth
        self.rowStride = rowStride
        self.queries = queries ?? tokens
    }

    public var width: Int { heads * headWidth }
    /// Elements of the saved probabilities: [batch, heads, queries, tokens].
    public var probabilityCount: Int { batch * heads * queries * tokens }
}

/// The operations a model is made of. One implementation computes on one set of cores.
///
/// Order of arguments: outputs, inputs, shapes. The accumulate rule, for every backward operation: **gradients of
/// activations are written; gradients of parameters are added to**, so that the caller zeroes a block's gradient once.
/// An optional output that is nil is not computed. Slices of outputs and inputs do not overlap unless the operation
/// says that it works in place. Results do not depend on the number of threads except in matrix products.
public protocol ComputeBackend: Sendable {
    /// Names everything that decides the bits: backend, library and its kernels, instruction set, threads.
    var profile: String { get }
    var threads: Int { get }

    /// y = x · weightᵀ + bias + residual. `residual` has y's shape and may be y.
    func linearForward(
        _ y: FloatSlice, _ x: FloatSlice, _ weight: FloatSlice, _ bias: FloatSlice?, residual: FloatSlice?,
        _ shape: LinearShape)
    /// dx = dy · weight; dWeight += dyᵀ · x; dBias += column sums of dy. `weight` is needed for dx alone.
    func linearBackward(
        _ dx: FloatSlice?, _ dWeight: FloatSlice?, _ dBias: FloatSlice?, _ dy: FloatSlice, _ x: FloatSlice,
        _ weight: FloatSlice?, _ shape: LinearShape)

    /// c = alpha · op(a) · op(b) + beta · c, with op(a) [m, k], op(b) [k, n], c [m, n], all dense and row-major.
    func matrixProduct(
        _ c: FloatSlice, _ a: FloatSlice, transposed aTransposed: Bool, _ b: FloatSlice, transposed bTransposed: Bool,
        m: Int, n: Int, k: Int, alpha: Float, beta: Float)

    /// y = (x - mean) / sqrt(variance + epsilon) · gamma + beta for each row; keeps mean and reciprocal deviation
    /// [rows].
    func layerNormForward(
        _ y: FloatSlice, _ mean: FloatSlice, _ reciprocal: FloatSlice, _ x: FloatSlice, _ gamma: FloatSlice,
        _ beta: FloatSlice, epsilon: Float, _ shape: RowShape)
    /// dx = gradient through the norm + residual. `residual` may be dx; `dy` may be dx when there is no residual.
    func layerNormBackward(
        _ dx: FloatSlice, _ dGamma: FloatSlice?, _ dBeta: FloatSlice?, _ dy: FloatSlice, _ x: FloatSlice,
        _ mean: FloatSlice, _ reciprocal: FloatSlice, _ gamma: FloatSlice, residual: FloatSlice?, _ shape: RowShape)

    /// softmax(query · keyᵀ / sqrt(headWidth)) · value for each head; keeps the probabilities.
    /// - Parameter validTokens: for each sequence how many leading tokens may be attended to; nil: all.
    func attentionForward(
        _ y: FloatSlice, _ probabilities: FloatSlice, query: FloatSlice, key: FloatSlice, value: FloatSlice,
        validTokens: [Int]?, _ shape: AttentionShape)
    /// Gradients laid out as query, key and value, zero for tokens without effect. `dy` is dense as y.
    func attentionBackward(
        dQuery: FloatSlice, dKey: FloatSlice, dValue: FloatSlice, _ dy: FloatSlice, _ probabilities: FloatSlice,
        query: FloatSlice, key: FloatSlice, value: FloatSlice, validTokens: [Int]?, _ shape: AttentionShape)

    /// y = x · Φ(x) with the exact error function. In place allowed.
    func geluForward(_ y: FloatSlice, _ x: FloatSlice)
    /// dx = dy · (Φ(x) + x · φ(x)), and once more the output y = x · Φ(x) where it was not kept. `dx` may be `dy`.
    func geluBackward(_ dx: FloatSlice, output y: FloatSlice?, _ dy: FloatSlice, _ x: FloatSlice)

    /// y = tanh(x). In place allowed.
    func tanhForward(_ y: FloatSlice, _ x: FloatSlice)
    /// dx = dy · (1 - y²). `dx` may be `dy`.
    func tanhBackward(_ dx: FloatSlice, _ dy: FloatSlice, _ y: FloatSlice)

    /// y = softmax of each row of x. In place allowed.
    func softmaxForward(_ y: FloatSlice, _ x: FloatSlice, _ shape: RowShape)
    /// dx = y · (dy - Σ dy · y) for each row. `dx` may be `dy`.
    func softmaxBackward(_ dx: FloatSlice, _ dy: FloatSlice, _ y: FloatSlice, _ shape: RowShape)

    /// y = a + b. `y` may be either.
    func add(_ y: FloatSlice, _ a: FloatSlice, _ b: FloatSlice)
    /// y = x · factor. In place allowed.
    func scale(_ y: FloatSlice, _ x: FloatSlice, by factor: Float)
    /// sums += Σ over rows of x [rows, width].
    func sumRows(_ sums: FloatSlice, _ x: FloatSlice, _ shape: RowShape)

    /// y[row] = table[indices[row]]; y is [indices.count, width].
    func gatherRows(_ y: FloatSlice, _ table: FloatSlice, _ indices: [Int], width: Int)
    /// dTable[indices[row]] += dy[row], rows in order; the backward of `gatherRows`.
    func scatterAddRows(_ dTable: FloatSlice, _ dy: FloatSlice, _ indices: [Int], width: Int)
}
