/// How a training stage changes its images at random, in the order of the fields: the rows "Augmentations" of the
/// paper's Tables 10 to 17. torchvision is the reference for each.
public struct AugmentPlan: Codable, Hashable, Sendable {
    /// What is seen of an image before it is cropped at random or, without that, at all.
    public var framing = FramingPlan(shortSide: nil, centerCrop: false, interpolation: .bicubic)
    /// RandomResizedCrop; nil: that.
    public var crop: CropPlan?
    /// Horizontal flip of half of the images.
    public var flip: Bool
    public var randAugment: RandAugmentPlan?
    /// Random erasing of normalised pixels.
    public var erase: ErasePlan?
    /// Parameter of the Beta distribution of mixup's and CutMix's shares; nil: not done. With both, each unit draws one
    /// of the two.
    public var mixup: Double?
    public var cutmix: Double?

    public init(crop: CropPlan?, flip: Bool) {
        self.crop = crop
        self.flip = flip
    }

    /// Whether the samples of a unit are mixed, and their labels with them.
    public var mixes: Bool { mixup != nil || cutmix != nil }
}

/// How an image of any shape becomes one of the model's size.
public struct FramingPlan: Codable, Hashable, Sendable {
    /// Side in pixels that the shorter side is scaled to first; nil: the model's size for a central crop, else no
    /// scaling.
    public var shortSide: Int?
    /// The central square of the model's size; without it the whole image is resized, whatever its shape.
    public var centerCrop: Bool
    public var interpolation: Interpolation

    public init(shortSide: Int?, centerCrop: Bool, interpolation: Interpolation) {
        self.shortSide = shortSide
        self.centerCrop = centerCrop
        self.interpolation = interpolation
    }
}

/// Kernel of a resize; both are antialiased, as Pillow's.
public enum Interpolation: String, Codable, Hashable, CaseIterable, Sendable {
    case bicubic
    case bilinear
}

public struct CropPlan: Codable, Hashable, Sendable {
    /// Share of the image's area, and width / height, of a crop: [lowest, highest].
    public var scale: [Double]
    public var ratio: [Double]

    public init(scale: [Double], ratio: [Double]) {
        self.scale = scale
        self.ratio = ratio
    }
}

/// RandAugment (Cubuk et al., 2020) with torchvision's fourteen operations.
public struct RandAugmentPlan: Codable, Hashable, Sendable {
    public static let magnitudeMax = 30
    /// Operations done to an image, one after the other; each drawn from all of them.
    public var count: Int
    /// Strength of every operation, 0...30.
    public var magnitude: Int

    public init(count: Int, magnitude: Int) {
        self.count = count
        self.magnitude = magnitude
    }
}

/// Random erasing (Zhong et al., 2020): a rectangle becomes 0, the mean colour of normalised pixels.
public struct ErasePlan: Codable, Hashable, Sendable {
    /// Share of the images that lose a rectangle.
    public var probability: Double
    /// Share of the image's area, and height / width, of the rectangle: [lowest, highest].
    public var scale: [Double]
    public var ratio: [Double]

    /// torchvision's defaults.
    public init(probability: Double = 0.5, scale: [Double] = [0.02, 0.33], ratio: [Double] = [0.3, 3.3]) {
        self.probability = probability
        self.scale = scale
        self.ratio = ratio
    }
}
