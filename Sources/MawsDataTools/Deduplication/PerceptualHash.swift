import Foundation

/// 64 bits that stay nearly the same when an image is scaled, recompressed or changed a little: which of the 8 × 8
/// lowest frequencies of its 32 × 32 grey version are above their median (pHash: Zauner, 2010; the package imagehash's
/// `phash` with bicubic in place of Lanczos resizing).
package struct PerceptualHash: Hashable, Sendable {
    package let bits: UInt64

    static let side = 32
    private static let frequencies = 8
    /// cos(π (2x + 1) u / 64) for u in 0..<8, x in 0..<32: rows of the DCT-II without its scale.
    private static let cosines: [Float] = (0..<frequencies * side).map { index in
        Float(cos(Double.pi * Double(2 * (index % side) + 1) * Double(index / side) / Double(2 * side)))
    }

    package init(bits: UInt64) { self.bits = bits }

    /// - Parameter image: an encoded image; throws `DataError.image` where it cannot be decoded.
    package init(image: [UInt8]) throws { self = try ImageLook(image: image).hash }

    /// - Parameter pixels: of the 32 × 32 grey version.
    init(pixels: [Float]) {
        precondition(pixels.count == Self.side * Self.side)
        var coefficients = [Float](repeating: 0, count: Self.frequencies * Self.frequencies)
        for row in 0..<Self.frequencies {
            var vertical = [Float](repeating: 0, count: Self.side)
            for y in 0..<Self.side {
                let factor = Self.cosines[row * Self.side + y]
                for x in 0..<Self.side { vertical[x] += factor * pixels[y * Self.side + x] }
            }
            for column in 0..<Self.frequencies {
                var sum: Float = 0
                for x in 0..<Self.side { sum += Self.cosines[column * Self.side + x] * vertical[x] }
                coefficients[row * Self.frequencies + column] = sum
            }
        }
        let sorted = coefficients.sorted()
        let median = (sorted[31] + sorted[32]) / 2
        bits = coefficients.reduce(0) { $0 << 1 | ($1 > median ? 1 : 0) }
    }

    /// Bits that differ, 0...64.
    package func distance(_ other: PerceptualHash) -> Int { (bits ^ other.bits).nonzeroBitCount }
}
