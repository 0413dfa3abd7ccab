import MawsBase
import MawsImages
import MawsPlan
import MawsTensor

/// torchvision's MixUp and CutMix with a unit as the batch: one lambda a unit, and each sample mixed with the one
/// before it (the first with the last).
package struct UnitMixing: Sendable {
    package enum Mix: Hashable, Sendable {
        /// Every pixel is `lambda` of its own and the rest of the partner's.
        case mixup(lambda: Double)
        /// The box is the partner's.
        case cutmix(CropBox)

        /// Mixes images in place.
        /// - Parameters:
        ///   - images: [samples, channels, height, width].
        ///   - shape: [channels, height, width].
        /// - Returns: lambda, the share of each image that is its own.
        package func apply(to images: FloatSlice, shape: [Int]) -> Double {
            let length = shape.reduce(1, *)
            let count = images.count / length
            let pixels = images.pointer
            let last = images.part((count - 1) * length, length).array
            // From the last row to the first: each still finds its partner, the row before, as it was.
            for row in stride(from: count - 1, through: 1, by: -1) {
                blend(pixels + row * length, pixels + (row - 1) * length, shape)
            }
            last.withUnsafeBufferPointer { if let base = $0.baseAddress { blend(pixels, base, shape) } }
            switch self {
            case .mixup(let lambda): return lambda
            case .cutmix(let box): return 1 - Double(box.width * box.height) / Double(shape[1] * shape[2])
            }
        }

        private func blend(_ own: UnsafeMutablePointer<Float>, _ partner: UnsafePointer<Float>, _ shape: [Int]) {
            let (channels, height, width) = (shape[0], shape[1], shape[2])
            switch self {
            case .mixup(let lambda):
                let (kept, taken) = (Float(lambda), Float(1 - lambda))
                for index in 0..<channels * height * width { own[index] = partner[index] * taken + own[index] * kept }
            case .cutmix(let box):
                for channel in 0..<channels {
                    for y in box.y..<box.y + box.height {
                        let start = (channel * height + y) * width + box.x
                        (own + start).update(from: partner + start, count: box.width)
                    }
                }
            }
        }
    }

    /// The row whose sample is mixed into this one: the one before, or the last.
    package static func partner(of row: Int, count: Int) -> Int { (row + count - 1) % count }

    private let mixup: BetaDistribution?
    private let cutmix: BetaDistribution?
    private let draws: SlotDraws

    /// Nil where nothing is mixed.
    init?(_ augment: AugmentPlan?, draws: SlotDraws) {
        guard let augment, augment.mixes else { return nil }
        mixup = augment.mixup.map(BetaDistribution.init)
        cutmix = augment.cutmix.map(BetaDistribution.init)
        self.draws = draws
    }

    package init?(_ augment: AugmentPlan, seed: UInt64, stageIndex: UInt32) {
        self.init(augment, draws: SlotDraws(seed: seed, stageIndex: stageIndex))
    }

    /// A function of the unit's first slot; with both kinds, each comes half of the time.
    package func draw(firstSlot: UInt64, size: Int) -> Mix {
        var random = draws.random(.mix, firstSlot)
        let prefersCutMix = random.next() & 1 == 1
        if let cutmix, mixup == nil || prefersCutMix {
            return .cutmix(Self.box(lambda: cutmix.draw(&random), size: size, random: &random))
        }
        return .mixup(lambda: mixup?.draw(&random) ?? 1)
    }

    /// A box of 1 − lambda of the area about a random point, cut at the image's border.
    package static func box(lambda: Double, size: Int, random: inout CounterRandom) -> CropBox {
        box(lambda: lambda, x: random.below(size), y: random.below(size), size: size)
    }

    package static func box(lambda: Double, x: Int, y: Int, size: Int) -> CropBox {
        let half = Int(0.5 * (1 - lambda).squareRoot() * Double(size))
        let (left, top) = (max(x - half, 0), max(y - half, 0))
        return CropBox(
            x: left, y: top, width: min(x + half, size) - left, height: min(y + half, size) - top)
    }
}
