import CVectorLoops
import MawsBase

/// Stochastic gradient descent over flat slices, without momentum or with it (Polyak 1964; Nesterov 1983 as Sutskever
/// et al. 2013 have it), in the operation order of torch.optim.SGD: weight decay is part of the gradient, there is no
/// dampening, and the momentum begins with the first gradient. fp32 element by element; each from its own weight,
/// momentum and gradient alone (8-bit momentum: from its group's), so that neither cuts nor machines change a bit.
///
/// **Precision.** A change of a weight by less than half a unit in its last place (rate × direction below 6e-8 of it)
/// is lost, as in torch. Momentum grows to gradient / (1 - momentum). In bf16 it is rounded at random: each step errs
/// by less than 2^-7 of the element, without bias, and the error fades as the momentum does. In 8 bits it is rounded to
/// the nearest of its group's 256 numbers: an error of up to 0.7 % of the group's largest, and what is below 2.7e-7 of
/// that becomes 0, so that elements with small gradients beside large ones move late.
public struct SGD: @unchecked Sendable {
    private let momentum: Double
    private let isNesterov: Bool
    private let weightDecay: Double
    /// Decides how a momentum in bf16 is rounded.
    private let key: SIMD2<UInt32>
    /// Constant function pointers.
    private let loops = maws_update_loops().pointee

    /// - Parameters:
    ///   - momentum: 0: there is none, and no slot for it.
    ///   - seed: of the plan; with the stage, the step and the element it decides how bf16 is rounded.
    public init(
        momentum: Double, isNesterov: Bool, weightDecay: Double, seed: UInt64 = 0, stage: StageIndex = StageIndex(0)
    ) {
        precondition(momentum > 0 || !isNesterov, "Nesterov's momentum is above 0")
        self.momentum = momentum
        self.isNesterov = isNesterov
        self.weightDecay = weightDecay
        key = CounterRandom.key(seed: seed, purpose: .momentRounding, stage: stage.value)
    }

    /// Updates the elements `range` of a block and their momentum.
    ///
    /// - Parameters:
    ///   - block: its place in the table, which says which elements decay and by what factor their rate is scaled.
    ///   - range: elements of the block; `weights`, `gradient` and `next` stand at its first. With 8-bit momentum it
    ///     begins and ends where groups do.
    ///   - step: the update that turns version `step` into `step + 1`.
    ///   - clipScale: factor on the gradient, from `GradientNorm.clipScale`.
    ///   - next: takes the next version of the weights; it may be `weights` or `gradient`.
    ///   - buffer: the momentum of a slice of the block that holds the range; nil where there is none.
    public func update(
        _ block: Int, of table: BlockTable, range: Range<Int>, step: StepIndex, learningRate: Double,
        clipScale: Double, weights: UnsafePointer<Float>, gradient: UnsafePointer<Float>,
        next: UnsafeMutablePointer<Float>, buffer: SlotSlice?
    ) {
        let name = table.blocks[block].name
        precondition(range.lowerBound >= 0 && range.upperBound <= table.blocks[block].count, "outside block \(name)")
        precondition((buffer == nil) == (momentum == 0), "a momentum and its slot go together")
        for entry in table.blocks[block].entries {
            let part = entry.range.clamped(to: range)
            if part.isEmpty { continue }
            let offset = part.lowerBound - range.lowerBound
            let factors = MawsSGD(
                clip: Float(clipScale), decay: entry.decays ? Float(weightDecay) : 0, momentum: Float(momentum),
                step_size: Float(-learningRate * Double(entry.learningRateScale)), is_nesterov: isNesterov ? 1 : 0)
            update(
                part, block, step, factors, weights: weights + offset, gradient: gradient + offset,
                next: next + offset, buffer)
        }
    }

    /// One parameter's part; the pointers stand at its first element.
    private func update(
        _ part: Range<Int>, _ block: Int, _ step: StepIndex, _ factors: MawsSGD, weights: UnsafePointer<Float>,
        gradient: UnsafePointer<Float>, next: UnsafeMutablePointer<Float>, _ buffer: SlotSlice?
    ) {
        guard let buffer else { return loops.sgd(next, weights, gradient, factors, part.count) }
        switch buffer.layout.encoding {
        case .fp32:
            loops.sgd_momentum(
                next, weights, gradient, buffer.codes(of: part, as: Float.self), factors, part.count)
        case .bf16:
            var key = [key.x, key.y]
            loops.sgd_momentum_bf16(
                next, weights, gradient, buffer.codes(of: part, as: UInt16.self), factors, &key,
                UInt32(truncatingIfNeeded: step.value), UInt64(block), UInt64(part.lowerBound), part.count)
        case .int8:
            loops.sgd_momentum_int8(
                next, weights, gradient, buffer.codes(of: part, as: UInt8.self), buffer.scales(of: part), factors,
                DynamicMap.signed.loopTable, UInt64(part.lowerBound), part.count)
        }
    }
}
