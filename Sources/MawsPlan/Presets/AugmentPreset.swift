/// A named set of augmentations, which any training stage may take as its `augment`.
package struct AugmentPreset: Hashable, Sendable {
    package var name: String
    package var augment: AugmentPlan

    /// The rows "Augmentations" of the paper's tables for images. Table 18, on detection, lists none.
    package static let all: [AugmentPreset] = [
        AugmentPreset("paper/table10", crop: 0.2),
        AugmentPreset("paper/table11", crop: 0.08),
        AugmentPreset("paper/table12", crop: 0.9),
        AugmentPreset("paper/table13", crop: 0.08) {
            $0.randAugment = RandAugmentPlan(count: 2, magnitude: 9)
            $0.mixup = 0.5
        },
        AugmentPreset("paper/table14", crop: 0.08) {
            $0.mixup = 0.8
            $0.cutmix = 1
        },
        AugmentPreset("paper/table15", crop: 0.08) { $0.mixup = 0.1 },
        AugmentPreset("paper/table16", crop: 0.08) {
            $0.resize.shortSide = 256
            $0.flip = false
            $0.randAugment = RandAugmentPlan(count: 5, magnitude: 7)
            $0.erase = ErasePlan()
            $0.mixup = 0.8
            $0.cutmix = 1
        },
        AugmentPreset("paper/table17", crop: 0.08) {
            $0.resize.shortSide = 256
            $0.mixup = 0.1
        },
    ]

    /// That of the paper's table of this number, 10...17.
    static func table(_ number: Int) -> AugmentPreset {
        guard let preset = named("paper/table\(number)") else { preconditionFailure("table \(number) has no preset") }
        return preset
    }

    package static func named(_ name: String) -> AugmentPreset? { all.first { $0.name == name } }

    /// What the tables have in common: a bicubic crop of ratio 0.75 to 1.33, and a flip.
    private init(_ name: String, crop smallest: Double, _ change: (inout AugmentPlan) -> Void = { _ in }) {
        self.name = name
        augment = AugmentPlan(crop: CropPlan(scale: [smallest, 1], ratio: [0.75, 1.33]), flip: true)
        change(&augment)
    }
}
