import CVectorLoops
import MawsBase

/// Stochastic gradient descent over flat slices, without momentum or with it (Polyak 1964; Nesterov 1983 as Sutskever
/// et al. 2013 have it), in the operation order of torch.optim.SGD: weight decay is part of the gradient, there is no
/// dampening, and the momentum begins with the first gradient. fp32 element by element.
///
/// **Precision.** A change of a weight by less than half a unit in its last place (rate × direction below 6e-8 of it)
/// is lost, as in torch. Momentum grows to gradient / (1 - momentum). In bf16 it is rounded at random: each step errs
/// by less than 2^-7 of the element, without bias, and the error fades as the momentum does. In 8 bits it is rounded to
/// the nearest of its group's 256 numbers: an error of up to 0.7 % of the group's largest, and what is below 2.7e-7 of
/// that becomes 0, so that elements with small gradients beside large ones move late.
struct SGD: @unchecked Sendable {
    private let momentum: Double
    private let isNesterov: Bool
    private let weightDecay: Double
    /// Decides how a momentum in bf16 is rounded.
    private let key: SIMD2<UInt32>
    /// Constant function pointers.
    private let loops = maws_update_loops().pointee

    /// - Parameter momentum: 0: there is none, and no slot for it.
    init(momentum: Double, isNesterov: Bool, weightDecay: Double, seed: UInt64, stage: StageIndex) {
        precondition(momentum > 0 || !isNesterov, "Nesterov's momentum is above 0")
        self.momentum = momentum
        self.isNesterov = isNesterov
        self.weightDecay = weightDecay
        key = CounterRandom.key(seed: seed, purpose: .momentRounding, stage: stage.value)
    }

    var hasMomentum: Bool { momentum > 0 }

    /// Without momentum.
    func update(_ part: UpdatePart) {
        loops.sgd(part.next, part.weights, part.gradient, factors(for: part), part.count)
    }

    /// - Parameter buffer: the momentum.
    func update(_ part: UpdatePart, buffer: SlotSlice) {
        let (range, factors) = (part.range, factors(for: part))
        switch buffer.layout.encoding {
        case .fp32:
            loops.sgd_momentum(
                part.next, part.weights, part.gradient, buffer.codes(of: range, as: Float.self), factors, part.count)
        case .bf16:
            var key = [key.x, key.y]
            loops.sgd_momentum_bf16(
                part.next, part.weights, part.gradient, buffer.codes(of: range, as: UInt16.self), factors, &key,
                UInt32(truncatingIfNeeded: part.step.value), UInt64(part.block), UInt64(range.lowerBound), part.count)
        case .int8, .uint8:
            loops.sgd_momentum_int8(
                part.next, part.weights, part.gradient, buffer.codes(of: range, as: UInt8.self),
                buffer.scales(of: range), factors, DynamicMap.signed.loopTable, UInt64(range.lowerBound), part.count)
        }
    }

    private func factors(for part: UpdatePart) -> MawsSGD {
        MawsSGD(
            clip: Float(part.clipScale), decay: part.decays ? Float(weightDecay) : 0, momentum: Float(momentum),
            step_size: Float(-part.learningRate), is_nesterov: isNesterov ? 1 : 0)
    }
}
