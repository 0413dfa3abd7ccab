import MawsBase
import MawsPlan

/// Encoded image in, normalised pixels of the model's size out.
struct ImageTransform {
    private let size: Int
    private let channels: Int
    private let crop: RandomResizedCrop?
    private let flips: Bool
    private let seed: UInt64
    private let stageIndex: UInt32
    /// (value / 255 - mean) / deviation for every channel and 8-bit value, shape (channels, 256).
    private let normalized: [Float]

    /// - Parameter augment: nil where nothing is drawn at random: evaluation.
    init(
        model: ImageModelPlan, augment: AugmentPlan?, seed: UInt64, stage: String, stageIndex: UInt32
    ) throws(DataError) {
        guard model.channels == 1 || model.channels == 3, model.mean.count == model.channels,
            model.deviation.count == model.channels
        else {
            throw .stage(name: stage, problem: "needs 1 or 3 channels with one mean and one deviation each")
        }
        size = model.size
        channels = model.channels
        if let plan = augment?.crop { crop = try RandomResizedCrop(plan, stage: stage) } else { crop = nil }
        flips = augment?.flip ?? false
        self.seed = seed
        self.stageIndex = stageIndex
        normalized = (0..<model.channels).flatMap { channel in
            (0..<256).map { (Float($0) / 255 - model.mean[channel]) / model.deviation[channel] }
        }
    }

    /// Pixels of shape (channels, size, size). The numbers drawn depend on the slot alone.
    func apply(_ encoded: EncodedImage, slot: UInt64) throws -> [Float] {
        let image = try encoded.decode(
            channels: channels, region: box(encoded, slot: slot), target: (width: size, height: size))
        let all = CropBox(x: 0, y: 0, width: image.width, height: image.height)
        let resized = BicubicResize.resize(image, crop: all, width: size, height: size)
        let mirrored = flips && isFlipped(slot)
        var result = [Float](repeating: 0, count: channels * size * size)
        for channel in 0..<channels {
            for y in 0..<size {
                let target = (channel * size + y) * size
                for x in 0..<size {
                    let source = y * size + (mirrored ? size - 1 - x : x)
                    result[target + x] = normalized[channel << 8 | Int(resized.pixels[source * channels + channel])]
                }
            }
        }
        return result
    }

    private func box(_ image: EncodedImage, slot: UInt64) -> CropBox {
        guard let crop else { return CropBox(x: 0, y: 0, width: image.width, height: image.height) }
        var random = CounterRandom(seed: seed, purpose: .crop, stage: stageIndex, element: slot)
        return crop.box(width: image.width, height: image.height, random: &random)
    }

    private func isFlipped(_ slot: UInt64) -> Bool {
        var random = CounterRandom(seed: seed, purpose: .flip, stage: stageIndex, element: slot)
        return random.next() & 1 == 1
    }
}
