import MawsBase
import MawsDataFiles
import MawsPlan

/// Draws the box of torchvision's RandomResizedCrop: ten tries at a share of the area and an aspect ratio (uniform in
/// its logarithm), then the largest central box within the ratios.
package struct RandomResizedCrop: Sendable {
    private let scale: ClosedRange<Double>
    private let ratio: ClosedRange<Double>
    private let logRatio: ClosedRange<Double>

    /// Throws a sentence when the plan's ranges are not ordered positive numbers.
    package init(_ plan: CropPlan, stage: String) throws(DataError) {
        guard plan.scale.count == 2, plan.ratio.count == 2, plan.scale[0] > 0, plan.ratio[0] > 0,
            plan.scale[0] <= plan.scale[1], plan.ratio[0] <= plan.ratio[1], plan.scale[1] <= 1
        else {
            throw .stage(
                name: stage, problem: "needs crop scale and ratio as [lowest, highest], above 0, scale up to 1")
        }
        scale = plan.scale[0]...plan.scale[1]
        ratio = plan.ratio[0]...plan.ratio[1]
        logRatio = PortableMath.log(ratio.lowerBound)...PortableMath.log(ratio.upperBound)
    }

    package func box(width: Int, height: Int, random: inout CounterRandom) -> CropBox {
        for _ in 0..<10 {
            let area = Double(width * height) * random.uniform(in: scale)
            let aspect = PortableMath.exp(random.uniform(in: logRatio))
            let boxWidth = Int((area * aspect).squareRoot().rounded(.toNearestOrEven))
            let boxHeight = Int((area / aspect).squareRoot().rounded(.toNearestOrEven))
            guard (1...width).contains(boxWidth), (1...height).contains(boxHeight) else { continue }
            return CropBox(
                x: random.below(width - boxWidth + 1), y: random.below(height - boxHeight + 1), width: boxWidth,
                height: boxHeight)
        }
        return central(width: width, height: height)
    }

    private func central(width: Int, height: Int) -> CropBox {
        let aspect = Double(width) / Double(height)
        var (boxWidth, boxHeight) = (width, height)
        if aspect < ratio.lowerBound {
            boxHeight = Int((Double(width) / ratio.lowerBound).rounded(.toNearestOrEven))
        } else if aspect > ratio.upperBound {
            boxWidth = Int((Double(height) * ratio.upperBound).rounded(.toNearestOrEven))
        }
        boxWidth = min(max(boxWidth, 1), width)
        boxHeight = min(max(boxHeight, 1), height)
        return CropBox(x: (width - boxWidth) / 2, y: (height - boxHeight) / 2, width: boxWidth, height: boxHeight)
    }
}
