import MawsBase
import MawsTensor

/// The table of positions of a tower of images, brought to another grid: what a stage with an image size of its own
/// takes over from another stage.
///
/// A sine-cosine table is computed anew. One that was learned is interpolated as timm's `resample_abs_pos_embed` does:
/// bicubic, antialiased, in fp32; the row of the class token stays.
package enum PositionTable {
    /// Whether `found` is a table of positions that `wanted`, of another shape, can be made of.
    package static func canBecome(_ wanted: ParameterEntry, from found: ParameterEntry) -> Bool {
        guard case .sineCosine(let side) = wanted.initializer, case .sineCosine(let from) = found.initializer else {
            return false
        }
        return wanted.shape.last == found.shape.last && wanted.shape == [1, side * side + 1, wanted.shape.last ?? 0]
            && found.shape == [1, from * from + 1, found.shape.last ?? 0]
    }

    /// Fills `table` [wanted rows, width] from `source` [found rows, width].
    package static func fill(
        _ table: FloatSlice, _ wanted: ParameterEntry, from source: FloatSlice, _ found: ParameterEntry
    ) {
        guard case .sineCosine(let side) = wanted.initializer, case .sineCosine(let from) = found.initializer else {
            preconditionFailure("\(wanted.name) is no table of positions")
        }
        let width = wanted.shape[wanted.shape.count - 1]
        let fixed = FloatBuffer(count: source.count)
        SineCosinePositions.fill(fixed.all, width: width, gridSide: from)
        if fixed.array.map(\.bitPattern) == source.array.map(\.bitPattern) {
            return SineCosinePositions.fill(table, width: width, gridSide: side)
        }
        resample(table, side: side, from: source, side: from, width: width)
    }

    /// - Parameters:
    ///   - table: [side² + 1, width], the class token first.
    ///   - source: [from² + 1, width].
    package static func resample(
        _ table: FloatSlice, side: Int, from source: FloatSlice, side from: Int, width: Int
    ) {
        table.part(0, width).copy(from: source.part(0, width))
        let taps = (0..<side).map { Taps(output: $0, of: side, inputs: from) }
        // [from, side, width]: the columns of each row first, as torch does.
        let rows = FloatBuffer(count: from * side * width)
        for row in 0..<from {
            for (column, tap) in taps.enumerated() {
                tap.sum(into: rows.all.part((row * side + column) * width, width)) {
                    source.part((1 + row * from + $0) * width, width)
                }
            }
        }
        for (row, tap) in taps.enumerated() {
            for column in 0..<side {
                tap.sum(into: table.part((1 + row * side + column) * width, width)) {
                    rows.all.part(($0 * side + column) * width, width)
                }
            }
        }
    }

    /// Inputs that one output is made of, with their weights; torch's bicubic kernel (a = -0.5) made wider where there
    /// are fewer outputs than inputs.
    private struct Taps {
        let first: Int
        let weights: [Float]

        init(output: Int, of outputs: Int, inputs: Int) {
            let scale = Float(inputs) / Float(outputs)
            let (support, inverse) = (2 * max(scale, 1), 1 / max(scale, 1))
            let center = scale * (Float(output) + 0.5)
            let first = max(Int(center - support + 0.5), 0)
            let end = min(Int(center + support + 0.5), inputs)
            let raw = (first..<end).map { Self.cubic((Float($0) - center + 0.5) * inverse) }
            let sum = raw.reduce(0, +)
            (self.first, weights) = (first, raw.map { $0 / sum })
        }

        private static func cubic(_ value: Float) -> Float {
            let (x, a) = (abs(value), Float(-0.5))
            if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
            return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
        }

        func sum(into output: FloatSlice, of input: (Int) -> FloatSlice) {
            output.zero()
            for (tap, weight) in weights.enumerated() {
                let values = input(first + tap)
                for index in 0..<output.count { output[index] += weight * values[index] }
            }
        }
    }
}
