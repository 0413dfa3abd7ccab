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
