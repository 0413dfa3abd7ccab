import Foundation
import MawsTensor

/// The two-dimensional sine-cosine position table of facebookresearch/mae (`get_2d_sincos_pos_embed`).
enum SineCosinePositions {
    /// Fills [gridSide² + 1, width]: a zero row for the class token, then one row a patch, row by row.
    ///
    /// The first half of the width encodes the column, the second half the row; each half is sines, then cosines, of
    /// position / 10000^(i / (width / 4)).
    static func fill(_ values: FloatSlice, width: Int, gridSide: Int) {
        precondition(width % 4 == 0 && values.count == (gridSide * gridSide + 1) * width)
        values.zero()
        let quarter = width / 4
        for row in 0..<gridSide {
            for column in 0..<gridSide {
                let start = (1 + row * gridSide + column) * width
                for index in 0..<quarter {
                    let frequency = 1 / pow(10000, Double(index) / Double(quarter))
                    values[start + index] = Float(sin(Double(column) * frequency))
                    values[start + quarter + index] = Float(cos(Double(column) * frequency))
                    values[start + 2 * quarter + index] = Float(sin(Double(row) * frequency))
                    values[start + 3 * quarter + index] = Float(cos(Double(row) * frequency))
                }
            }
        }
    }
}
