import Foundation
import MawsBase
import MawsDataFiles
import MawsImages
import MawsPlan
import Testing

/// Regions of images, decoded on their own.
@Suite struct EncodedImageTests {
    /// Larger than any region: nothing is scaled.
    private static let unscaled = (width: 1 << 20, height: 1 << 20)

    @Test func aRegionIsThatOfTheWholeImageBitForBit() throws {
        for (name, file) in try GoldenImages.load().large {
            let encoded = try EncodedImage([UInt8](file))
            let whole = try encoded.decode(channels: 3)
            var random = CounterRandom(seed: 1, purpose: .test, element: 0)
            for _ in 0..<200 {
                let region = Self.region(encoded, &random)
                let part = try encoded.decode(channels: 3, region: region, target: Self.unscaled)
                #expect(part == Self.crop(whole, region), "\(name), \(region)")
            }
        }
    }

    @Test func whetherAFileIsDamagedDoesNotDependOnTheRegion() throws {
        for (name, file) in try GoldenImages.load().large {
            var random = CounterRandom(seed: 2, purpose: .test, element: 0)
            for _ in 0..<200 {
                var bytes = [UInt8](file)
                bytes[random.below(bytes.count)] = UInt8(random.below(256))
                if random.below(4) == 0 { bytes = Array(bytes.prefix(random.below(bytes.count))) }
                guard let encoded = try? EncodedImage(bytes, pixelCountMax: 1 << 16) else { continue }
                let isWhole = (try? encoded.decode(channels: 3)) != nil
                for _ in 0..<3 {
                    let region = Self.region(encoded, &random)
                    let part = try? encoded.decode(channels: 3, region: region, target: Self.unscaled)
                    #expect((part != nil) == isWhole, "\(name), \(region)")
                    let small = try? encoded.decode(channels: 3, region: region, target: (width: 4, height: 4))
                    #expect((small != nil) == isWhole, "\(name), \(region), scaled")
                }
            }
        }
    }

    /// Scaled decoding is a low-pass filter of its own; after the resize from at least twice the size little is left of
    /// the difference.
    @Test func aScaledRegionLooksLikeTheWhole() throws {
        for (name, file) in try GoldenImages.load().large where name != "4:2:2" && name != "orientation 6" {
            let encoded = try EncodedImage([UInt8](file))
            let whole = try encoded.decode(channels: 3)
            // Whole pixels at every scale, so that both show exactly the same part.
            let all = CropBox(x: 0, y: 0, width: 144, height: 144)
            for side in [36, 18, 9] {
                let scaled = try encoded.decode(channels: 3, region: all, target: (width: side, height: side))
                let denominator = 72 / side
                #expect(scaled.width == 144 / denominator && scaled.height == scaled.width)
                let box = CropBox(x: 0, y: 0, width: scaled.width, height: scaled.height)
                let exact = Self.resized(whole, all, side)
                let fast = Self.resized(scaled, box, side)
                let differences = zip(exact, fast).map { abs(Int($0) - Int($1)) }
                let mean = Double(differences.reduce(0, +)) / Double(differences.count)
                #expect(mean < 2, "\(name) at 1/\(denominator): \(mean)")
            }
        }
    }

    @Test func aRegionBelowFourTimesTheTargetIsNotScaled() throws {
        let file = try #require(try GoldenImages.load().large["4:2:0"])
        let encoded = try EncodedImage([UInt8](file))
        let region = CropBox(x: 3, y: 5, width: 127, height: 120)
        let image = try encoded.decode(channels: 3, region: region, target: (width: 32, height: 30))
        #expect(image.width == 127 && image.height == 120)
        let scaled = try encoded.decode(channels: 3, region: region, target: (width: 31, height: 30))
        #expect(scaled.width == 64 && scaled.height == 60)
    }

    @Test func colourSubsampledInOneDirectionIsNotScaled() throws {
        let file = [UInt8](try #require(try GoldenImages.load().large["4:2:2"]))
        let region = CropBox(x: 0, y: 0, width: 144, height: 144)
        let image = try EncodedImage(file).decode(channels: 3, region: region, target: (width: 9, height: 9))
        #expect(image.width == 144 && image.height == 144)
    }

    @Test func thePixelLimitIsTheCallers() throws {
        let file = [UInt8](try #require(try GoldenImages.load().large["grey"]))
        #expect(throws: DataError.self) { _ = try EncodedImage(file, pixelCountMax: 203 * 147 - 1) }
        #expect(try EncodedImage(file, pixelCountMax: 203 * 147).width == 203)
    }

    private static func region(_ image: EncodedImage, _ random: inout CounterRandom) -> CropBox {
        let width = 1 + random.below(image.width)
        let height = 1 + random.below(image.height)
        return CropBox(
            x: random.below(image.width - width + 1), y: random.below(image.height - height + 1), width: width,
            height: height)
    }

    private static func resized(_ image: PixelImage, _ crop: CropBox, _ side: Int) -> [UInt8] {
        let resizer = ImageResizer()
        resizer.resize(image, ResizeGeometry(crop: crop, width: side, height: side), interpolation: .bicubic)
        return resizer.image().pixels
    }

    private static func crop(_ image: PixelImage, _ box: CropBox) -> PixelImage {
        var pixels: [UInt8] = []
        for row in box.y..<box.y + box.height {
            let start = (row * image.width + box.x) * image.channels
            pixels += image.pixels[start..<start + box.width * image.channels]
        }
        return PixelImage(width: box.width, height: box.height, channels: image.channels, pixels: pixels)
    }
}
