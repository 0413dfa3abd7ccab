import MawsBase

/// The operations of torchvision's RandAugment, each as Pillow does it for torchvision: geometry takes the nearest
/// pixel and fills with black. Raw values are part of a run's definition.
package enum ImageOperation: Int, CaseIterable, Sendable {
    case identity
    case shearX
    case shearY
    case translateX
    case translateY
    case rotate
    case brightness
    case color
    case contrast
    case sharpness
    case posterize
    case solarize
    case autoContrast
    case equalize

    static func draw(_ random: inout CounterRandom) -> ImageOperation {
        allCases[random.below(allCases.count)]
    }

    /// Whether the strength is turned into its opposite half of the time.
    package var isSigned: Bool {
        switch self {
        case .shearX, .shearY, .translateX, .translateY, .rotate, .brightness, .color, .contrast, .sharpness: true
        case .identity, .posterize, .solarize, .autoContrast, .equalize: false
        }
    }

    /// What a magnitude of 0...30 means to the operation: a slope, pixels, degrees, a factor less 1, bits kept, or a
    /// threshold.
    package func strength(_ magnitude: Int, size: Int) -> Double {
        switch self {
        case .identity, .autoContrast, .equalize: 0
        case .shearX, .shearY: Self.level(magnitude, to: 0.3)
        case .translateX, .translateY:
            Self.level(magnitude, to: Float(150.0 / 331 * Double(size))).rounded(.towardZero)
        case .rotate: Self.level(magnitude, to: 30)
        case .brightness, .color, .contrast, .sharpness: Self.level(magnitude, to: 0.9)
        case .posterize: 8 - (Double(magnitude) / 7.5).rounded(.toNearestOrEven)
        case .solarize: Self.level(30 - magnitude, to: 255)
        }
    }

    /// torch.linspace(0, end, 31)[magnitude], in fp32 and from the nearer end.
    private static func level(_ magnitude: Int, to end: Float) -> Double {
        let step = end / 30
        return Double(magnitude < 15 ? step * Float(magnitude) : end - step * Float(30 - magnitude))
    }

    func strength(_ magnitude: Int, size: Int, random: inout CounterRandom) -> Double {
        let strength = strength(magnitude, size: size)
        return isSigned && random.next() & 1 == 1 ? -strength : strength
    }

    package func apply(
        to image: PixelImage, strength: Double, loops: ImageLoops = .fastest
    ) -> PixelImage {
        switch self {
        case .identity: return image
        case .shearX, .shearY, .translateX, .translateY, .rotate:
            return loops.moved(image, matrix: matrix(strength, image).fixedPoint)
        case .brightness: return loops.blended(from: image.filled(with: 0), to: image, amount: Float(1 + strength))
        case .color: return loops.blended(from: loops.luma(image), to: image, amount: Float(1 + strength))
        case .contrast:
            let mean = loops.luma(image).roundedMean
            return loops.blended(from: image.filled(with: mean), to: image, amount: Float(1 + strength))
        case .sharpness: return loops.blended(from: loops.smoothed(image), to: image, amount: Float(1 + strength))
        case .posterize, .solarize:
            return loops.mapped(image, tables: (0..<image.channels).flatMap { _ in table(strength) })
        case .autoContrast: return loops.mapped(image, tables: image.histograms.flatMap(ToneTable.autoContrast))
        case .equalize: return loops.mapped(image, tables: image.histograms.flatMap(ToneTable.equalize))
        }
    }

    /// From a pixel of the result to where it comes from.
    private func matrix(_ strength: Double, _ image: PixelImage) -> AffineMatrix {
        switch self {
        case .shearX: return AffineMatrix(1, strength, 0, 0, 1, 0)
        case .shearY: return AffineMatrix(1, 0, 0, strength, 1, 0)
        case .translateX: return AffineMatrix(1, 0, -strength, 0, 1, 0)
        case .translateY: return AffineMatrix(1, 0, 0, 0, 1, -strength)
        default: return AffineMatrix(rotation: strength, width: image.width, height: image.height)
        }
    }

    private func table(_ strength: Double) -> [UInt8] {
        (0...255).map { (value: UInt8) in
            if self == .posterize { return value & ~(0xFF >> UInt8(strength)) }
            return Double(value) < strength ? value : 255 - value
        }
    }
}

extension PixelImage {
    fileprivate func filled(with value: UInt8) -> PixelImage {
        PixelImage(
            width: width, height: height, channels: channels, pixels: Array(repeating: value, count: pixels.count))
    }

    /// Mean of all values, to the nearest, halves up.
    fileprivate var roundedMean: UInt8 {
        let sum = pixels.reduce(0) { $0 + Int($1) }
        return UInt8((2 * sum + pixels.count) / (2 * pixels.count))
    }

    /// How often each value occurs, one list of 256 a channel.
    fileprivate var histograms: [[Int]] {
        var counts = [Int](repeating: 0, count: 256 * channels)
        var channel = 0
        for value in pixels {
            counts[256 * channel + Int(value)] += 1
            channel = channel + 1 == channels ? 0 : channel + 1
        }
        return (0..<channels).map { Array(counts[256 * $0..<256 * ($0 + 1)]) }
    }
}
