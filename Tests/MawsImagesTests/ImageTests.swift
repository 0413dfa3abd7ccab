import Foundation
import MawsBase
import MawsDataFiles
import MawsDataTestSupport
import MawsImages
import MawsPlan
import Testing

/// What Scripts/golden-images.py wrote.
struct GoldenImages: Decodable {
    struct Resize: Decodable {
        var channels: Int
        var crop: [Int]
        var size: [Int]
        var pixels: Data
    }

    var width: Int
    var height: Int
    var files: [GoldenImageFile]
    /// JPEG files of 203 x 147 pixels by what is special about them.
    var large: [String: Data]
    var sources: [String: Data]
    var resizes: [Resize]

    static func load() throws -> GoldenImages {
        try Fixture.decoded("images.json", in: .module)
    }
}

@Suite struct ImageTests {
    @Test func filesDecodeToPillowsPixels() throws {
        let golden = try GoldenImages.load()
        for file in golden.files {
            for (channels, expected) in [(3, file.rgb), (1, file.grey)] {
                let image = try ImageDecoder.decode([UInt8](file.file), channels: channels)
                #expect(image.width == file.width && image.height == file.height && image.channels == channels)
                #expect(image.pixels == [UInt8](expected), "\(file.name), \(channels) channels")
            }
        }
    }

    @Test func resizedCropsArePillowsBitForBit() throws {
        let golden = try GoldenImages.load()
        for resize in golden.resizes {
            let source = PixelImage(
                width: golden.width, height: golden.height, channels: resize.channels,
                pixels: [UInt8](try #require(golden.sources["\(resize.channels)"])))
            let crop = CropBox(x: resize.crop[0], y: resize.crop[1], width: resize.crop[2], height: resize.crop[3])
            let resizer = ImageResizer()
            resizer.resize(
                source, ResizeGeometry(crop: crop, width: resize.size[0], height: resize.size[1]),
                interpolation: .bicubic)
            #expect(
                resizer.image().pixels == [UInt8](resize.pixels), "\(resize.channels) channels, crop \(resize.crop)")
        }
    }

    @Test func resizingToTheSameSizeChangesNothing() throws {
        let image = PixelImage(width: 5, height: 3, channels: 1, pixels: (0..<15).map { UInt8($0 * 17) })
        let all = CropBox(x: 0, y: 0, width: 5, height: 3)
        let resizer = ImageResizer()
        for interpolation in Interpolation.allCases {
            resizer.resize(image, ResizeGeometry(crop: all, width: 5, height: 3), interpolation: interpolation)
            #expect(resizer.image() == image)
        }
    }

    @Test func encodedPixelsComeBack() throws {
        for channels in [1, 3] {
            let pixels = (0..<11 * 7 * channels).map { UInt8(truncatingIfNeeded: $0 * 37) }
            let image = PixelImage(width: 11, height: 7, channels: channels, pixels: pixels)
            #expect(try ImageDecoder.decode(PNGEncoder.encode(image), channels: channels) == image)
        }
    }

    @Test func whatIsNoImageIsNamed() throws {
        #expect(Self.problem([]) == "The image is empty.")
        #expect(Self.problem(Array("GIF89a".utf8))?.contains("neither JPEG, PNG nor WebP") == true)
        #expect(Self.problem(Array("GIF89a".utf8))?.contains("WebP but a GIF file (it starts with") == true)
        let page = Self.problem(Array("<!DOCTYPE html><html>".utf8))
        #expect(page?.contains("but a web page or XML text") == true)
    }

    @Test func cutImagesAreRefused() throws {
        for file in try GoldenImages.load().files {
            let bytes = [UInt8](file.file)
            for length in [3, 4, 8, 20, bytes.count / 2, bytes.count * 3 / 4] {
                #expect(Self.problem(Array(bytes.prefix(length))) != nil, "\(file.name) cut to \(length)")
            }
        }
    }

    @Test func noDamageToAnImageCrashes() throws {
        for file in try GoldenImages.load().files {
            var random = CounterRandom(seed: 5, purpose: .test, element: 0)
            for _ in 0..<300 {
                var bytes = [UInt8](file.file)
                for _ in 0...random.below(3) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
                _ = try? ImageDecoder.decode(bytes, channels: 3)
            }
        }
    }

    @Test func bombsAreRefusedByTheirHeader() throws {
        var png = try Fixture.png(1)
        // Width and height of a PNG lie at bytes 16 and 20; the checksum of the chunk follows at 29.
        png.replaceSubrange(16..<24, with: [0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60])
        png.replaceSubrange(29..<33, with: Self.crc(png[12..<29]))
        #expect(Self.problem(png) == "The image claims 60000 x 60000 pixels, above the limit of 100000000.")
    }

    private static func crc(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var crc: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        crc = ~crc
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: crc >> $0) }
    }

    private static func problem(_ bytes: [UInt8]) -> String? {
        Fixture.sentence { _ = try ImageDecoder.decode(bytes, channels: 3) }
    }
}

@Suite struct RandomResizedCropTests {
    @Test func boxesLieInsideAndFollowTheRanges() throws {
        let crop = try RandomResizedCrop(CropPlan(scale: [0.2, 1], ratio: [0.75, 4.0 / 3]), stage: "mae")
        var areas = 0.0
        for slot in 0..<2000 {
            var random = CounterRandom(seed: 1, purpose: .crop, element: UInt64(slot))
            let box = crop.box(width: 200, height: 150, random: &random)
            #expect(box.x >= 0 && box.y >= 0 && box.x + box.width <= 200 && box.y + box.height <= 150)
            let aspect = Double(box.width) / Double(box.height)
            #expect(aspect > 0.73 && aspect < 1.37)
            areas += Double(box.width * box.height) / 30000
        }
        // Below the middle of the range, 0.6: the largest boxes seldom fit at a drawn ratio and are drawn again.
        #expect(abs(areas / 2000 - 0.49) < 0.02)
    }

    @Test func anImageTooLongForTheRatioGetsTheCentre() throws {
        let crop = try RandomResizedCrop(CropPlan(scale: [1, 1], ratio: [1, 1]), stage: "mae")
        var random = CounterRandom(seed: 1, purpose: .crop, element: 0)
        #expect(crop.box(width: 100, height: 10, random: &random) == CropBox(x: 45, y: 0, width: 10, height: 10))
    }

    @Test func rangesThatMakeNoSenseAreRefused() {
        for plan in [
            CropPlan(scale: [0.2], ratio: [1, 1]), CropPlan(scale: [0.9, 0.2], ratio: [1, 1]),
            CropPlan(scale: [0, 1], ratio: [1, 1]), CropPlan(scale: [0.5, 2], ratio: [1, 1]),
            CropPlan(scale: [0.5, 1], ratio: [-1, 1]),
        ] {
            #expect(throws: DataError.self) { _ = try RandomResizedCrop(plan, stage: "mae") }
        }
    }
}
