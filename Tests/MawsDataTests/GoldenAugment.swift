import Foundation
import MawsImages
import MawsPlan
import Testing

/// What Scripts/golden-augment.py wrote.
struct GoldenAugment: Decodable {
    struct Operation: Decodable {
        var operation: Int
        var channels: Int
        var magnitude: Int
        var sign: Double
        var strength: Double
        var pixels: Data
    }

    struct Tone: Decodable {
        var operation: Int
        var source: Data
        var strength: Double
        var pixels: Data
    }

    struct Resize: Decodable {
        var kernel: Interpolation
        var channels: Int
        var size: [Int]
        var crop: [Int]
        var pixels: Data
    }

    struct View: Decodable {
        var width: Int
        var height: Int
        var source: Data
        var shortSide: Int
        var kernel: Interpolation
        var scaledWidth: Int
        var scaledHeight: Int
        var pixels: Data
    }

    struct Pipeline: Decodable {
        var crop: [Int]
        var plain: Data
        var flipped: Data
    }

    struct Mixing: Decodable {
        struct MixUp: Decodable {
            var share: Double
            var images: Data
            var labels: Data
        }

        struct CutMix: Decodable {
            var share: Double
            var x: Int
            var y: Int
            var box: [Int]
            var kept: Double
            var images: Data
            var labels: Data
        }

        struct Erased: Decodable {
            var box: [Int]
            var pixels: Data
        }

        var batch: Data
        var mixup: [MixUp]
        var cutmix: [CutMix]
        var erased: Erased
    }

    struct Draws: Decodable {
        struct Crop: Decodable {
            var scale: [Double]
            var ratio: [Double]
            var area: Double
            var areaDeviation: Double
            var logRatio: Double
            var logRatioDeviation: Double
            var left: Double
        }

        struct Beta: Decodable {
            var alpha: Double
            var deviation: Double
            var belowTenth: Double
            var belowQuarter: Double
        }

        var crops: [Crop]
        var betas: [Beta]
    }

    var side: Int
    var width: Int
    var height: Int
    var mean: [Float]
    var deviation: [Float]
    var squares: [String: Data]
    var sources: [String: Data]
    var operations: [Operation]
    var tones: [Tone]
    var resizes: [Resize]
    var views: [View]
    var pipeline: Pipeline
    var mixing: Mixing
    var draws: Draws

    static func load() throws -> GoldenAugment {
        try Fixture.decoded("augment.json")
    }

    func square(_ channels: Int) throws -> PixelImage {
        PixelImage(width: side, height: side, channels: channels, pixels: [UInt8](try #require(squares["\(channels)"])))
    }

    func source(_ channels: Int) throws -> PixelImage {
        PixelImage(
            width: width, height: height, channels: channels, pixels: [UInt8](try #require(sources["\(channels)"])))
    }
}

extension Data {
    var floats: [Float] { withUnsafeBytes { Array($0.bindMemory(to: Float.self)) } }
}
