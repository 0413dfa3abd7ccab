import MawsPlan

/// For every output position of one axis the first input it reads and the weights of that and those that follow, as
/// Pillow computes them (`Resample.c`): in Double, normalised to sum 1, then rounded to 22-bit fixed point.
struct ResizeTaps {
    /// Weights of one output; those that reach fewer inputs end, or begin, with zeros.
    let width: Int
    private(set) var first: [Int32]
    private(set) var weights: [Int32]

    private static let one = Double(1 << 22)

    /// - Parameter window: the outputs wanted, of all `output` that `input` positions are scaled to.
    init(from input: Int, to output: Int, window: Range<Int>, interpolation: Interpolation) {
        let scale = Double(input) / Double(output)
        let stretch = max(scale, 1)
        let reach = interpolation.support * stretch
        let reached = window.map { Self.reached(center: (Double($0) + 0.5) * scale, reach: reach, input: input) }
        width = reached.map(\.count).max() ?? 0
        first = []
        first.reserveCapacity(window.count)
        weights = [Int32](repeating: 0, count: window.count * width)
        var exact = [Double](repeating: 0, count: width)
        for (row, positions) in reached.enumerated() {
            let center = (Double(window.lowerBound + row) + 0.5) * scale
            var sum = 0.0
            for (index, position) in positions.enumerated() {
                exact[index] = interpolation.weight((Double(position) - center + 0.5) * (1 / stretch))
                sum += exact[index]
            }
            let start = min(positions.lowerBound, input - width)
            first.append(Int32(start))
            let target = row * width + positions.lowerBound - start
            for index in positions.indices {
                let offset = index - positions.lowerBound
                let scaled = (sum == 0 ? exact[offset] : exact[offset] / sum) * Self.one
                weights[target + offset] = Int32(scaled + (scaled < 0 ? -0.5 : 0.5))
            }
        }
    }

    private static func reached(center: Double, reach: Double, input: Int) -> Range<Int> {
        max(0, Int(center - reach + 0.5))..<min(input, Int(center + reach + 0.5))
    }
}

extension Interpolation {
    /// How far the kernel reaches, in pixels of the smaller image.
    fileprivate var support: Double { self == .bicubic ? 2 : 1 }

    /// Keys' cubic convolution with a = -0.5, or a triangle.
    fileprivate func weight(_ x: Double) -> Double {
        let x = abs(x)
        if self == .bilinear { return x < 1 ? 1 - x : 0 }
        let a = -0.5
        if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
        return 0
    }
}
