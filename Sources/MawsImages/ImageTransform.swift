import MawsBase
import MawsDataFiles
import MawsPlan

/// Image in, normalised pixels of the model's size out. Every number drawn depends on the slot alone.
package struct ImageTransform: Sendable {
    private let size: Int
    private let plan: ResizePlan
    private let crop: RandomResizedCrop?
    private let flips: Bool
    private let randAugment: RandAugmentPlan?
    private let erase: RandomErasing?
    private let draws: SlotDraws
    /// (value / 255 - mean) / std for every channel and 8-bit value, shape (channels, 256).
    private let normalized: [Float]

    /// - Parameter augment: nil where nothing is drawn at random: evaluation.
    package init(
        model: ImageModelPlan, resize: ResizePlan, augment: AugmentPlan?, seed: UInt64, stage: String,
        stageIndex: UInt32
    ) throws(DataError) {
        guard model.channels == 1 || model.channels == 3, model.mean.count == model.channels,
            model.std.count == model.channels
        else {
            throw .stage(name: stage, problem: "needs 1 or 3 channels with one mean and one std each")
        }
        size = model.size
        plan = resize
        if let plan = augment?.crop { crop = try RandomResizedCrop(plan, stage: stage) } else { crop = nil }
        flips = augment?.flip ?? false
        randAugment = augment?.randAugment
        erase = augment?.erase.map(RandomErasing.init)
        draws = SlotDraws(seed: seed, stageIndex: stageIndex)
        normalized = (0..<model.channels).flatMap { channel in
            (0..<256).map { (Float($0) / 255 - model.mean[channel]) / model.std[channel] }
        }
    }

    /// Decodes no more of an image than is seen of it; see `EncodedImage.decode(channels:region:target:)`.
    /// - Parameter target: gets pixels of shape (channels, size, size).
    package func apply(
        _ encoded: EncodedImage, slot: UInt64, into target: UnsafeMutablePointer<Float>, with resizer: ImageResizer
    ) throws {
        let channels = normalized.count / 256
        guard crop == nil || plan.shortSide == nil else {
            // The crop is of the shortened image, for which all of it is needed.
            apply(try encoded.decode(channels: channels), slot: slot, into: target, with: resizer)
            return
        }
        var geometry = geometry(width: encoded.width, height: encoded.height, slot: slot)
        let image = try encoded.decode(
            channels: channels, region: geometry.crop, target: (width: geometry.width, height: geometry.height))
        geometry.crop = Self.all(width: image.width, height: image.height)
        draw(image, geometry, slot: slot, into: target, with: resizer)
    }

    /// - Parameter target: gets pixels of shape (channels, size, size).
    package func apply(
        _ image: PixelImage, slot: UInt64, into target: UnsafeMutablePointer<Float>, with resizer: ImageResizer
    ) {
        let source = crop == nil ? image : shortened(image, with: resizer)
        let geometry = geometry(width: source.width, height: source.height, slot: slot)
        draw(source, geometry, slot: slot, into: target, with: resizer)
    }

    private func draw(
        _ image: PixelImage, _ geometry: ResizeGeometry, slot: UInt64, into target: UnsafeMutablePointer<Float>,
        with resizer: ImageResizer
    ) {
        resizer.resize(image, geometry, interpolation: plan.interpolation)
        let mirrored = flips && draws.isFlipped(slot)
        if let randAugment {
            var pixels = resizer.image(mirrored: mirrored)
            var random = draws.random(.randAugment, slot)
            for _ in 0..<randAugment.count {
                let operation = ImageOperation.draw(&random)
                let strength = operation.strength(randAugment.magnitude, size: size, random: &random)
                pixels = operation.apply(to: pixels, strength: strength)
            }
            ImageLoops.fastest.normalize(pixels, into: target, tables: normalized)
        } else {
            resizer.normalize(into: target, tables: normalized, mirrored: mirrored)
        }
        guard let erase, let box = erase.box(size: size, random: draws.random(.erase, slot)) else { return }
        RandomErasing.erase(box, in: target, channels: normalized.count / 256, size: size)
    }

    /// The image with the short side that the plan asks for.
    private func shortened(_ image: PixelImage, with resizer: ImageResizer) -> PixelImage {
        guard let side = plan.shortSide, side != min(image.width, image.height) else { return image }
        let (width, height) = Self.scaled(width: image.width, height: image.height, shortSide: side)
        let all = Self.all(width: image.width, height: image.height)
        resizer.resize(
            image, ResizeGeometry(crop: all, width: width, height: height), interpolation: plan.interpolation)
        return resizer.image()
    }

    private func geometry(width: Int, height: Int, slot: UInt64) -> ResizeGeometry {
        if let crop {
            var random = draws.random(.crop, slot)
            let box = crop.box(width: width, height: height, random: &random)
            return ResizeGeometry(crop: box, width: size, height: size)
        }
        guard plan.centerCrop else {
            return ResizeGeometry(crop: Self.all(width: width, height: height), width: size, height: size)
        }
        return Self.central(width: width, height: height, shortSide: plan.shortSide ?? size, size: size)
    }

    /// torchvision's Resize to a short side, then CenterCrop.
    package static func central(width imageWidth: Int, height imageHeight: Int, shortSide: Int, size: Int)
        -> ResizeGeometry
    {
        let (width, height) = scaled(width: imageWidth, height: imageHeight, shortSide: shortSide)
        let window = CropBox(x: margin(width - size), y: margin(height - size), width: size, height: size)
        return ResizeGeometry(
            crop: all(width: imageWidth, height: imageHeight), width: width, height: height, window: window)
    }

    private static func margin(_ rest: Int) -> Int { Int((Double(rest) / 2).rounded(.toNearestOrEven)) }

    private static func scaled(width: Int, height: Int, shortSide: Int) -> (width: Int, height: Int) {
        let long = shortSide * max(width, height) / min(width, height)
        return width <= height ? (shortSide, long) : (long, shortSide)
    }

    private static func all(width: Int, height: Int) -> CropBox {
        CropBox(x: 0, y: 0, width: width, height: height)
    }
}

/// The random numbers of a stage's samples.
package struct SlotDraws: Sendable {
    package let seed: UInt64
    package let stageIndex: UInt32

    package init(seed: UInt64, stageIndex: UInt32) { (self.seed, self.stageIndex) = (seed, stageIndex) }

    package func random(_ purpose: RandomPurpose, _ slot: UInt64) -> CounterRandom {
        CounterRandom(seed: seed, purpose: purpose, stage: stageIndex, element: slot)
    }

    package func isFlipped(_ slot: UInt64) -> Bool {
        var random = random(.flip, slot)
        return random.next() & 1 == 1
    }
}
