import MawsBase
import MawsPlan

/// Draws torchvision's RandomErasing: ten tries at a share of the area and an aspect ratio (uniform in its logarithm).
package struct RandomErasing: Sendable {
    private let plan: ErasePlan
    private let logRatio: ClosedRange<Double>

    package init(_ plan: ErasePlan) {
        self.plan = plan
        logRatio = PortableMath.log(plan.ratio[0])...PortableMath.log(plan.ratio[1])
    }

    /// Nil where nothing is erased.
    package func box(size: Int, random: CounterRandom) -> CropBox? {
        var random = random
        guard random.uniformDouble() < plan.probability else { return nil }
        for _ in 0..<10 {
            let area = Double(size * size) * random.uniform(in: plan.scale[0]...plan.scale[1])
            let aspect = PortableMath.exp(random.uniform(in: logRatio))
            let height = Int((area * aspect).squareRoot().rounded(.toNearestOrEven))
            let width = Int((area / aspect).squareRoot().rounded(.toNearestOrEven))
            guard height < size && width < size else { continue }
            let y = random.below(size - height + 1)
            return CropBox(x: random.below(size - width + 1), y: y, width: width, height: height)
        }
        return nil
    }

    /// - Parameter pixels: of shape (channels, size, size).
    package static func erase(_ box: CropBox, in pixels: UnsafeMutablePointer<Float>, channels: Int, size: Int) {
        for channel in 0..<channels {
            for y in box.y..<box.y + box.height {
                (pixels + (channel * size + y) * size + box.x).update(repeating: 0, count: box.width)
            }
        }
    }
}
