import CVectorLoops
import MawsBase

/// AdamW over flat slices: decoupled weight decay and bias correction in the operation order of torch.optim.AdamW's
/// default path (torch/optim/adamw.py, Loshchilov and Hutter 2019), fp32 element by element.
struct AdamW: @unchecked Sendable {
    private let beta1: Double
    private let beta2: Double
    private let epsilon: Double
    private let weightDecay: Double
    /// Decides how moments in bf16 are rounded.
    private let key: SIMD2<UInt32>
    /// Constant function pointers.
    private let loops = maws_update_loops().pointee

    init(beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double, seed: UInt64, stage: StageIndex) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        key = CounterRandom.key(seed: seed, purpose: .momentRounding, stage: stage.value)
    }

    /// - Parameters:
    ///   - mean: the running mean of the gradient.
    ///   - square: the running mean of its square, with as many bits.
    func update(_ part: UpdatePart, mean: SlotSlice, square: SlotSlice) {
        let (range, factors) = (part.range, factors(for: part))
        switch mean.layout.encoding {
        case .fp32:
            loops.adamw(
                part.next, part.weights, part.gradient, mean.codes(of: range, as: Float.self),
                square.codes(of: range, as: Float.self), factors, part.count)
        case .bf16:
            var key = [key.x, key.y]
            loops.adamw_bf16(
                part.next, part.weights, part.gradient, mean.codes(of: range, as: UInt16.self),
                square.codes(of: range, as: UInt16.self), factors, &key, UInt32(truncatingIfNeeded: part.step.value),
                UInt64(part.block), UInt64(range.lowerBound), part.count)
        case .int8, .uint8:
            loops.adamw_int8(
                part.next, part.weights, part.gradient, mean.codes(of: range, as: UInt8.self),
                square.codes(of: range, as: UInt8.self), mean.scales(of: range), square.scales(of: range), factors,
                DynamicMap.signed.loopTable, DynamicMap.unsigned.loopTable, UInt64(range.lowerBound), part.count)
        }
    }

    private func factors(for part: UpdatePart) -> MawsAdamW {
        let count = part.step.value + 1
        let correction1 = 1 - power(beta1, count)
        let correction2 = 1 - power(beta2, count)
        return MawsAdamW(
            clip: Float(part.clipScale), keep: part.decays ? Float(1 - part.learningRate * weightDecay) : 1,
            first_gain: Float(1 - beta1), second_keep: Float(beta2), second_gain: Float(1 - beta2),
            root_correction: Float(correction2.squareRoot()), step_size: Float(-part.learningRate / correction1),
            epsilon: Float(epsilon))
    }

    /// By repeated squaring: a step's correction must not depend on the machine's `pow`.
    private func power(_ base: Double, _ exponent: UInt64) -> Double {
        var result = 1.0
        var square = base
        var left = exponent
        while left > 0 {
            if left & 1 == 1 { result *= square }
            square *= square
            left >>= 1
        }
        return result
    }
}
