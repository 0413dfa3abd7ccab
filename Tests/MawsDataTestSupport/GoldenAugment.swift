import Foundation
import MawsImages
import MawsPlan

/// What Scripts/golden-augment.py wrote.
package struct GoldenAugment: Decodable {
    package struct Operation: Decodable {
        package var operation: Int
        package var channels: Int
        package var magnitude: Int
        package var sign: Double
        package var strength: Double
        package var pixels: Data
    }

    package struct Tone: Decodable {
        package var operation: Int
        package var source: Data
        package var strength: Double
        package var pixels: Data
    }

    package struct Resize: Decodable {
        package var kernel: Interpolation
        package var channels: Int
        package var size: [Int]
        package var crop: [Int]
        package var pixels: Data
    }

    package struct View: Decodable {
        package var width: Int
        package var height: Int
        package var source: Data
        package var shortSide: Int
        package var kernel: Interpolation
        package var scaledWidth: Int
        package var scaledHeight: Int
        package var pixels: Data
    }

    package struct Pipeline: Decodable {
        package var crop: [Int]
        package var plain: Data
        package var flipped: Data
    }

    package struct Mixing: Decodable {
        package struct MixUp: Decodable {
            package var share: Double
            package var images: Data
            package var labels: Data
        }

        package struct CutMix: Decodable {
            package var share: Double
            package var x: Int
            package var y: Int
            package var box: [Int]
            package var kept: Double
            package var images: Data
            package var labels: Data
        }

        package struct Erased: Decodable {
            package var box: [Int]
            package var pixels: Data
        }

        package var batch: Data
        package var mixup: [MixUp]
        package var cutmix: [CutMix]
        package var erased: Erased
    }

    package struct Draws: Decodable {
        package struct Crop: Decodable {
            package var scale: [Double]
            package var ratio: [Double]
            package var area: Double
            package var areaStd: Double
            package var logRatio: Double
            package var logRatioStd: Double
            package var left: Double
        }

        package struct Beta: Decodable {
            package var alpha: Double
            package var std: Double
            package var belowTenth: Double
            package var belowQuarter: Double
        }

        package var crops: [Crop]
        package var betas: [Beta]
    }

    package var side: Int
    package var width: Int
    package var height: Int
    package var mean: [Float]
    package var std: [Float]
    package var squares: [String: Data]
    package var sources: [String: Data]
    package var operations: [Operation]
    package var tones: [Tone]
    package var resizes: [Resize]
    package var views: [View]
    package var pipeline: Pipeline
    package var mixing: Mixing
    package var draws: Draws

    package static func load() throws -> GoldenAugment {
        try Fixture.decoded("augment.json", in: .module)
    }

    package func square(_ channels: Int) -> PixelImage {
        PixelImage(
            width: side, height: side, channels: channels, pixels: [UInt8](squares["\(channels)", default: Data()]))
    }

    package func source(_ channels: Int) -> PixelImage {
        PixelImage(
            width: width, height: height, channels: channels, pixels: [UInt8](sources["\(channels)", default: Data()]))
    }
}

extension Data {
    package var floats: [Float] { withUnsafeBytes { Array($0.bindMemory(to: Float.self)) } }
}
