import MawsTensor

/// The normalised-pixel target of facebookresearch/mae: each patch minus its mean, divided by its standard deviation.
enum PixelNorm {
    private static let epsilon = 1e-6

    /// In place over rows of `length` values.
    static func normalize(_ patches: FloatSlice, length: Int) {
        for row in 0..<patches.count / length {
            let patch = patches.part(row * length, length)
            let (mean, std) = statistics(patch)
            for index in 0..<length { patch[index] = Float((Double(patch[index]) - mean) / std) }
        }
    }

    /// Undoes the normalisation that the patches in `originals` would have had.
    static func restore(_ patches: FloatSlice, like originals: FloatSlice, length: Int) {
        for row in 0..<patches.count / length {
            let patch = patches.part(row * length, length)
            let (mean, std) = statistics(originals.part(row * length, length))
            for index in 0..<length { patch[index] = Float(Double(patch[index]) * std + mean) }
        }
    }

    /// The variance is torch's default, divided by one less than the number of values.
    private static func statistics(_ patch: FloatSlice) -> (mean: Double, std: Double) {
        var sum = 0.0
        for index in 0..<patch.count { sum += Double(patch[index]) }
        let mean = sum / Double(patch.count)
        var squares = 0.0
        for index in 0..<patch.count {
            let distance = Double(patch[index]) - mean
            squares += distance * distance
        }
        return (mean, (squares / Double(max(1, patch.count - 1)) + epsilon).squareRoot())
    }
}
