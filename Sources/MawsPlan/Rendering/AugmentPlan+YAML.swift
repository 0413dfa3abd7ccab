import Yams

extension AugmentPlan {
    var node: Node {
        .map(
            resize.fields + [
                ("crop", crop?.node ?? .off), ("flip", .flag(flip)), ("rand_augment", randAugment?.node ?? .off),
                ("erase", erase?.node ?? .off), ("mixup", mixup.map(Node.number) ?? .off),
                ("cutmix", cutmix.map(Node.number) ?? .off),
            ])
    }
}

extension ResizePlan {
    var node: Node { .map(fields) }

    fileprivate var fields: [(String, Node?)] {
        [
            ("short_side", shortSide.map(Node.number) ?? .off), ("center_crop", .flag(centerCrop)),
            ("interpolation", .text(interpolation.rawValue)),
        ]
    }
}

extension CropPlan {
    fileprivate var node: Node { .map([("scale", .numbers(scale)), ("ratio", .numbers(ratio))]) }
}

extension RandAugmentPlan {
    fileprivate var node: Node { .map([("count", .number(count)), ("magnitude", .number(magnitude))]) }
}

extension ErasePlan {
    fileprivate var node: Node {
        .map([("probability", .number(probability)), ("scale", .numbers(scale)), ("ratio", .numbers(ratio))])
    }
}

extension Node {
    /// A field that is turned off.
    fileprivate static var off: Node { .text("none") }
}
