/// Bicubic resize with antialiasing, bit for bit as Pillow computes it (`Image.resize(size, BICUBIC)` of an 8-bit
/// image): a horizontal pass, then a vertical one, each with 22-bit fixed-point weights and 8-bit results.
///
/// Integer sums make the result the same on every machine.
package enum BicubicResize {
    private static let precisionBits = 22
    private static let support = 2.0

    /// - Parameter crop: the part of the image that is resized; pixels outside it have no influence.
    package static func resize(_ image: PixelImage, crop: CropBox, width: Int, height: Int) -> PixelImage {
        let across = crop.width == width ? nil : Weights(from: crop.width, to: width)
        let down = crop.height == height ? nil : Weights(from: crop.height, to: height)
        let narrowed = horizontal(image, crop: crop, width: width, weights: across)
        guard let down else {
            return PixelImage(width: width, height: height, channels: image.channels, pixels: narrowed)
        }
        let pixels = vertical(narrowed, rowLength: width * image.channels, height: height, weights: down)
        return PixelImage(width: width, height: height, channels: image.channels, pixels: pixels)
    }

    /// The crop's rows at the new width; without weights the crop as it is.
    private static func horizontal(_ image: PixelImage, crop: CropBox, width: Int, weights: Weights?) -> [UInt8] {
        let channels = image.channels
        var result = [UInt8](repeating: 0, count: crop.height * width * channels)
        for row in 0..<crop.height {
            let start = ((crop.y + row) * image.width + crop.x) * channels
            let source = image.pixels.span.extracting(start..<start + crop.width * channels)
            let target = row * width * channels
            if let weights {
                resizeRow(source, into: &result, at: target, channels: channels, weights: weights)
            } else {
                for index in 0..<source.count { result[target + index] = source[index] }
            }
        }
        return result
    }

    private static func resizeRow(
        _ source: Span<UInt8>, into result: inout [UInt8], at start: Int, channels: Int, weights: Weights
    ) {
        for x in 0..<weights.first.count {
            let taps = weights.values.span.extracting(weights.taps(x))
            for channel in 0..<channels {
                var sum: Int32 = 1 << (precisionBits - 1)
                var position = weights.first[x] * channels + channel
                for index in 0..<taps.count {
                    sum &+= taps[index] &* Int32(source[position])
                    position += channels
                }
                result[start + x * channels + channel] = clipped(sum)
            }
        }
    }

    private static func vertical(_ pixels: [UInt8], rowLength: Int, height: Int, weights: Weights) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: rowLength * height)
        var sums = [Int32](repeating: 0, count: rowLength)
        for y in 0..<height {
            for index in 0..<rowLength { sums[index] = 1 << (precisionBits - 1) }
            let taps = weights.values.span.extracting(weights.taps(y))
            for tap in 0..<taps.count {
                let start = (weights.first[y] + tap) * rowLength
                add(pixels.span.extracting(start..<start + rowLength), times: taps[tap], to: &sums)
            }
            for index in 0..<rowLength { result[y * rowLength + index] = clipped(sums[index]) }
        }
        return result
    }

    private static func add(_ row: Span<UInt8>, times weight: Int32, to sums: inout [Int32]) {
        precondition(row.count == sums.count)
        for index in sums.indices { sums[index] &+= weight &* Int32(row[index]) }
    }

    private static func clipped(_ sum: Int32) -> UInt8 { UInt8(clamping: sum >> precisionBits) }

    /// For every output pixel the first input pixel it reads and the weights of those that follow.
    private struct Weights {
        var first: [Int] = []
        var values: [Int32] = []
        private var starts: [Int] = [0]

        /// Weights in Double, normalised to sum 1, then rounded half away from zero to fixed point.
        init(from input: Int, to output: Int) {
            let scale = Double(input) / Double(output)
            let stretch = max(scale, 1)
            let reach = BicubicResize.support * stretch
            for index in 0..<output {
                let center = (Double(index) + 0.5) * scale
                let low = max(0, Int(center - reach + 0.5))
                let high = min(input, Int(center + reach + 0.5))
                let exact = (low..<high).map { BicubicResize.kernel((Double($0) - center + 0.5) * (1 / stretch)) }
                let sum = exact.reduce(0, +)
                first.append(low)
                for weight in exact {
                    let scaled = (sum == 0 ? weight : weight / sum) * Double(1 << BicubicResize.precisionBits)
                    values.append(Int32(scaled + (scaled < 0 ? -0.5 : 0.5)))
                }
                starts.append(values.count)
            }
        }

        func taps(_ index: Int) -> Range<Int> { starts[index]..<starts[index + 1] }
    }

    /// Keys' cubic convolution with a = -0.5.
    private static func kernel(_ x: Double) -> Double {
        let a = -0.5
        let x = abs(x)
        if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
        return 0
    }
}

/// A rectangle of pixels.
package struct CropBox: Hashable {
    package var x: Int
    package var y: Int
    package var width: Int
    package var height: Int

    package init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }
}
