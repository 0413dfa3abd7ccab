import MawsImages
import MawsPlan

/// What an image is compared by: its perceptual hash, which finds candidates, and its 32 × 32 grey version, which tells
/// pictures of one kind from versions of one picture. About 1 kB.
struct ImageLook: Sendable {
    let hash: PerceptualHash
    private let pixels: [UInt8]

    /// - Parameter image: an encoded image; throws `DataError.image` where it cannot be decoded.
    init(image: [UInt8]) throws {
        let decoded = try ImageDecoder.decode(image, channels: 1)
        let whole = CropBox(x: 0, y: 0, width: decoded.width, height: decoded.height)
        let side = PerceptualHash.side
        let resizer = ImageResizer()
        resizer.resize(decoded, ResizeGeometry(crop: whole, width: side, height: side), interpolation: .bicubic)
        pixels = resizer.image().pixels
        hash = PerceptualHash(pixels: pixels.map { Float($0) })
    }

    /// Pearson's correlation of the pixels, −1...1: 1 whatever the brightness and contrast. Flat images are alike.
    func correlation(_ other: ImageLook) -> Double {
        var (sums, squares, products) = ((0, 0), (0, 0), 0)
        for (a, b) in zip(pixels, other.pixels) {
            sums = (sums.0 + Int(a), sums.1 + Int(b))
            squares = (squares.0 + Int(a) * Int(a), squares.1 + Int(b) * Int(b))
            products += Int(a) * Int(b)
        }
        let variances = (
            pixels.count * squares.0 - sums.0 * sums.0, pixels.count * squares.1 - sums.1 * sums.1
        )
        if variances == (0, 0) { return 1 }
        if variances.0 == 0 || variances.1 == 0 { return 0 }
        let covariance = pixels.count * products - sums.0 * sums.1
        return Double(covariance) / (Double(variances.0) * Double(variances.1)).squareRoot()
    }
}
