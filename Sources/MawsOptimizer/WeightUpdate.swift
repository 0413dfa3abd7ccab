import MawsBase

/// What a commit makes of slices of blocks: the weights' next version by the optimizer's rule, and their slots' by the
/// slots' own.
///
/// Each element is computed from its own weight, slots and gradient alone with correctly rounded operations (8-bit
/// slots: from its group's), so the result depends neither on where a block is cut into slices nor on the machine.
package struct WeightUpdate: Sendable {
    private enum Rule {
        case adamw(AdamW)
        case sgd(SGD)
    }

    private let rule: Rule
    private let average: WeightAverage?
    private let configuration: OptimizerConfiguration

    /// - Parameter stage: with the seed, the step and the element it decides how bf16 is rounded.
    package init(_ configuration: OptimizerConfiguration, stage: StageIndex = StageIndex(0)) {
        self.configuration = configuration
        let (decay, seed) = (configuration.weightDecay, configuration.seed)
        rule =
            switch configuration.rule {
            case .adamw(let beta1, let beta2, let epsilon):
                .adamw(
                    AdamW(
                        beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: decay, seed: seed, stage: stage))
            case .sgd(let momentum, let isNesterov):
                .sgd(SGD(momentum: momentum, isNesterov: isNesterov, weightDecay: decay, seed: seed, stage: stage))
            }
        average = configuration.average.map { WeightAverage(decay: $0.decay, warmsUp: $0.warmsUp) }
    }

    /// Updates the elements `range` of a block and their slots.
    ///
    /// - Parameters:
    ///   - block: its place in the table, which says which elements decay, by what factor their learning rate is scaled
    ///     and how slots are kept.
    ///   - range: elements of the block; `weights`, `gradient` and `next` stand at its first. With 8-bit slots it
    ///     begins and ends where groups do.
    ///   - step: the update that turns version `step` into `step + 1`; torch counts it as `step + 1`.
    ///   - clipScale: factor on the gradient, from `GradientNorm.clipScale`.
    ///   - next: takes the next version of the weights; it may be `weights` or `gradient`.
    ///   - slots: all of the block's, of a slice that holds the range.
    package func update(
        _ block: Int, of table: BlockTable, range: Range<Int>, step: StepIndex, learningRate: Double,
        clipScale: Double, weights: UnsafePointer<Float>, gradient: UnsafePointer<Float>,
        next: UnsafeMutablePointer<Float>, slots: [SlotSlice]
    ) {
        let name = table.blocks[block].name
        precondition(range.lowerBound >= 0 && range.upperBound <= table.blocks[block].count, "outside block \(name)")
        precondition(slots.count == table.blocks[block].slots.count, "not all slots of block \(name)")
        precondition(slots.allSatisfy { $0.slice.clamped(to: range) == range }, "outside the slots of block \(name)")
        for entry in table.blocks[block].entries {
            let elements = entry.range.clamped(to: range)
            if elements.isEmpty { continue }
            let offset = elements.lowerBound - range.lowerBound
            let part = UpdatePart(
                block: block, range: elements, step: step,
                learningRate: learningRate * Double(entry.learningRateScale), clipScale: clipScale,
                decays: entry.decays, weights: weights + offset, gradient: gradient + offset, next: next + offset)
            update(part, slots)
        }
    }

    private func update(_ part: UpdatePart, _ slots: [SlotSlice]) {
        switch rule {
        case .adamw(let adamw):
            adamw.update(part, mean: Self.slot(.gradientMean, slots), square: Self.slot(.squareMean, slots))
        case .sgd(let sgd):
            if sgd.hasMomentum {
                sgd.update(part, buffer: Self.slot(.momentum, slots))
            } else {
                sgd.update(part)
            }
        }
        average?.update(part, average: Self.slot(.weightAverage, slots))
    }

    private static func slot(_ rule: SlotRule, _ slots: [SlotSlice]) -> SlotSlice {
        guard let slot = slots.first(where: { $0.rule == rule }) else {
            preconditionFailure("the table has no slot for the optimizer's \(rule)")
        }
        return slot
    }
}

/// One parameter's part of a slice, and what a commit says of it.
struct UpdatePart {
    /// The block's place in the table.
    let block: Int
    /// Elements of the block; the pointers stand at the first.
    let range: Range<Int>
    let step: StepIndex
    /// The parameter's own.
    let learningRate: Double
    /// Factor on the gradient.
    let clipScale: Double
    let decays: Bool
    let weights: UnsafePointer<Float>
    let gradient: UnsafePointer<Float>
    let next: UnsafeMutablePointer<Float>

    var count: Int { range.count }
}
