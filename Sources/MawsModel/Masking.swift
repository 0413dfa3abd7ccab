import MawsBase

/// Which patches of each image are hidden from the encoder.
package struct Masking: Sendable {
    /// Patches of an image, and how many of them are visible.
    package let perImage: Int
    package let visible: Int
    /// For each image the patches in the order of their noise: the visible ones first.
    private let shuffles: [[Int]]

    init(perImage: Int, visible: Int, shuffles: [[Int]]) {
        self.perImage = perImage
        self.visible = visible
        self.shuffles = shuffles
    }

    /// As facebookresearch/mae's `random_masking`: the patches with the lowest noise stay visible.
    /// - Parameters:
    ///   - noise: one row of `perImage` values for each image.
    ///   - ratio: share of hidden patches.
    package init(noise: [[Float]], perImage: Int, ratio: Double) {
        self.perImage = perImage
        visible = max(1, Int(Double(perImage) * (1 - ratio)))
        shuffles = noise.map { row in
            precondition(row.count == perImage)
            // Sorting by (noise, index) makes equal noise harmless.
            return row.indices.sorted { (row[$0], $0) < (row[$1], $1) }
        }
    }

    /// Noise drawn for each sample's slot, so that it does not depend on who computes the sample.
    package static func random(
        slots: [UInt64], perImage: Int, ratio: Double, seed: UInt64, stage: UInt32
    ) -> Masking {
        let noise = slots.map { slot in
            var random = CounterRandom(seed: seed, purpose: .mask, stage: stage, element: slot)
            return (0..<perImage).map { _ in random.uniform() }
        }
        return Masking(noise: noise, perImage: perImage, ratio: ratio)
    }

    package var imageCount: Int { shuffles.count }

    /// That of some of the images.
    package func part(_ images: Range<Int>) -> Masking {
        Masking(perImage: perImage, visible: visible, shuffles: Array(shuffles[images]))
    }

    package func visiblePatches(of image: Int) -> ArraySlice<Int> { shuffles[image][..<visible] }

    package var visibleSelection: PatchSelection {
        PatchSelection(indices: shuffles.flatMap { $0[..<visible] }, perImage: visible)
    }

    package var hiddenSelection: PatchSelection {
        PatchSelection(indices: shuffles.flatMap { $0[visible...] }, perImage: perImage - visible)
    }
}
