/// Rows of a linear layer or of a table: `rows` samples or tokens of `width` values.
package struct RowShape: Hashable, Sendable {
    package var rows: Int
    package var width: Int

    package init(rows: Int, width: Int) {
        self.rows = rows
        self.width = width
    }

    package var count: Int { rows * width }
}

/// A linear layer over `rows` rows: x [rows, inputs] to y [rows, outputs]; its weight is [outputs, inputs].
package struct LinearShape: Hashable, Sendable {
    package var rows: Int
    package var inputs: Int
    package var outputs: Int

    package init(rows: Int, inputs: Int, outputs: Int) {
        self.rows = rows
        self.inputs = inputs
        self.outputs = outputs
    }
}
