/// How a training stage changes its images at random, in the order of the fields: the rows "Augmentations" of the
/// paper's Tables 10 to 17. torchvision is the reference for each.
package struct AugmentPlan: Codable, Hashable, Sendable {
    /// What is seen of an image before it is cropped at random or, without that, at all.
    package var resize = ResizePlan(shortSide: nil, centerCrop: false, interpolation: .bicubic)
    /// RandomResizedCrop; nil: that.
    package var crop: CropPlan?
    /// Horizontal flip of half of the images.
    package var flip: Bool
    package var randAugment: RandAugmentPlan?
    /// Random erasing of normalised pixels.
    package var erase: ErasePlan?
    /// Parameter of the Beta distribution of mixup's and CutMix's shares; nil: not done. With both, each unit draws one
    /// of the two.
    package var mixup: Double?
    package var cutmix: Double?

    private enum CodingKeys: String, CodingKey {
        case crop, flip, randAugment, erase, mixup, cutmix
        case resize = "framing"
    }

    package init(crop: CropPlan?, flip: Bool) {
        self.crop = crop
        self.flip = flip
    }

    /// Whether the samples of a unit are mixed, and their labels with them.
    package var mixes: Bool { mixup != nil || cutmix != nil }
}

/// How an image of any shape becomes one of the model's size.
package struct ResizePlan: Codable, Hashable, Sendable {
    /// Side in pixels that the shorter side is scaled to first; nil: the model's size for a central crop, else no
    /// scaling.
    package var shortSide: Int?
    /// The central square of the model's size; without it the whole image is resized, whatever its shape.
    package var centerCrop: Bool
    package var interpolation: Interpolation

    package init(shortSide: Int?, centerCrop: Bool, interpolation: Interpolation) {
        self.shortSide = shortSide
        self.centerCrop = centerCrop
        self.interpolation = interpolation
    }
}

/// Kernel of a resize; both are antialiased, as Pillow's.
package enum Interpolation: String, Codable, Hashable, CaseIterable, Sendable {
    case bicubic
    case bilinear
}

package struct CropPlan: Codable, Hashable, Sendable {
    /// Share of the image's area, and width / height, of a crop: [lowest, highest].
    package var scale: [Double]
    package var ratio: [Double]

    package init(scale: [Double], ratio: [Double]) {
        self.scale = scale
        self.ratio = ratio
    }
}

/// RandAugment (Cubuk et al., 2020) with torchvision's fourteen operations.
package struct RandAugmentPlan: Codable, Hashable, Sendable {
    package static let magnitudeMax = 30
    /// Operations done to an image, one after the other; each drawn from all of them.
    package var count: Int
    /// Strength of every operation, 0...30.
    package var magnitude: Int

    package init(count: Int, magnitude: Int) {
        self.count = count
        self.magnitude = magnitude
    }
}

/// Random erasing (Zhong et al., 2020): a rectangle becomes 0, the mean colour of normalised pixels.
package struct ErasePlan: Codable, Hashable, Sendable {
    /// Share of the images that lose a rectangle.
    package var probability: Double
    /// Share of the image's area, and height / width, of the rectangle: [lowest, highest].
    package var scale: [Double]
    package var ratio: [Double]

    /// torchvision's defaults.
    package init(probability: Double = 0.5, scale: [Double] = [0.02, 0.33], ratio: [Double] = [0.3, 3.3]) {
        self.probability = probability
        self.scale = scale
        self.ratio = ratio
    }
}
