import Foundation
import MawsBase
import MawsDataTestSupport
import MawsImages
import Testing

/// Images as they are found in the world, read as Pillow reads them.
@Suite struct ImageKindTests {
    @Test func everyKindOfFileIsWhatPillowShows() throws {
        let files = try GoldenImageKinds.load().files
        #expect(files.count > 150)
        for file in files {
            for (channels, expected) in [(3, file.rgb), (1, file.grey)] {
                let found = Fixture.sentence {
                    let image = try ImageDecoder.decode([UInt8](file.file), channels: channels)
                    #expect(image.width == file.width && image.height == file.height, "\(file.name)")
                    #expect(image.pixels == [UInt8](expected), "\(file.name), \(channels) channels")
                }
                #expect(found == nil, "\(file.name): \(found ?? "")")
            }
        }
    }

    private struct ShortPNG: Decodable {
        var name: String
        var file: Data
        /// Nil for what Pillow does not read.
        var rgb: Data?
    }

    @Test func pixelsThatAreFewerThanTheHeaderSaysAreWhatPillowShowsAndDoubtful() throws {
        let files: [ShortPNG] = try Fixture.decoded("png-short.json", in: .module)
        #expect(files.count == 24)
        for short in files {
            let encoded = try EncodedImage([UInt8](short.file))
            let found = try? encoded.decodeWhole(channels: 3)
            #expect(found.map { Data($0.image.pixels) } == short.rgb, "\(short.name)")
            #expect(found?.isDoubtful == (short.rgb == nil ? nil : !short.name.hasSuffix("whole")), "\(short.name)")
        }
    }

    @Test func aRegionIsThatOfTheWholeWhateverTheSamplingAndTheDamage() throws {
        for (name, file) in try GoldenImageKinds.load().large {
            var random = CounterRandom(seed: 3, purpose: .test, element: 0)
            for round in 0..<60 {
                var bytes = [UInt8](file)
                // Behind the header, so that most of what is made can be read with a warning.
                for _ in 0..<round % 3 { bytes[700 + random.below(bytes.count - 700)] = UInt8(random.below(256)) }
                guard let encoded = try? EncodedImage(bytes, pixelCountMax: 1 << 16),
                    let whole = try? encoded.decode(channels: 3)
                else { continue }
                let (width, height) = (1 + random.below(encoded.width), 1 + random.below(encoded.height))
                let region = CropBox(
                    x: random.below(encoded.width - width + 1), y: random.below(encoded.height - height + 1),
                    width: width, height: height)
                let part = try encoded.decode(channels: 3, region: region, target: (width: 1 << 20, height: 1 << 20))
                let rows = (region.y..<region.y + height).map { ($0 * whole.width + region.x) * 3 }
                #expect(part.pixels == rows.flatMap { whole.pixels[$0..<$0 + width * 3] }, "\(name), \(region)")
            }
        }
    }

    @Test func kindsOfJPEGThatAreNotReadAreNamed() throws {
        let golden = try GoldenImageKinds.load()
        for (file, words) in [
            (golden.twelveBits, "is a JPEG file with samples of 12 bits, which is not supported"),
            (golden.lossless, "is a lossless or hierarchical JPEG file, which is not supported"),
        ] {
            let sentence = Fixture.sentence { _ = try ImageDecoder.decode([UInt8](file), channels: 3) }
            #expect(sentence?.hasPrefix("The image " + words) == true, "\(sentence ?? "read")")
        }
    }

    @Test func aJPEGThatEndsBeforeItsLastRowIsDamaged() throws {
        for file in try GoldenImageKinds.load().files
        where file.name.hasPrefix("jpeg: 4") || file.name.contains("restarts") {
            let bytes = [UInt8](file.file)
            for length in [bytes.count / 2, bytes.count - 100, bytes.count - 30] {
                let sentence = Fixture.sentence {
                    _ = try ImageDecoder.decode(Array(bytes.prefix(length)), channels: 3)
                }
                #expect(sentence == "The image is a damaged JPEG file (it ends early).", "\(file.name), \(length)")
            }
        }
    }
}
