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
    /// Kept from the forward to the backward pass: the logarithm of each query's softmax sum, [batch, heads, queries].
    public var logSumCount: Int { batch * heads * queries }
}
