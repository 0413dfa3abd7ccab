import CVectorLoops
import MawsBase

/// AdamW over flat slices: decoupled weight decay and bias correction in the operation order of torch.optim.AdamW's
/// default path (torch/optim/adamw.py, Loshchilov and Hutter 2019), fp32 element by element.
///
/// Each element is computed from its own weight, moments and gradient alone with correctly rounded operations (8-bit
/// moments: from its group's), so the result depends neither on where a block is cut into slices nor on the machine.
public struct AdamW: @unchecked Sendable {
    private let beta1: Double
    private let beta2: Double
    private let epsilon: Double
    private let weightDecay: Double
    /// The key of the random rounding of bf16 moments.
    private let key: SIMD2<UInt32>
    /// Constant function pointers.
    private let loops = maws_update_loops().pointee

    /// - Parameters:
    ///   - seed: of the plan; with the stage, the step and the element it decides how bf16 moments are rounded.
    public init(
        beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double, seed: UInt64 = 0,
        stage: StageIndex = StageIndex(0)
    ) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        key = CounterRandom.key(seed: seed, purpose: .momentRounding, stage: stage.value)
    }

    /// Updates the elements `range` of a block and their moments.
    ///
    /// - Parameters:
    ///   - block: its place in the table, which says which elements decay, by what factor their learning rate is scaled
    ///     and how moments are kept.
    ///   - range: elements of the block; `weights`, `gradient` and `next` stand at its first. With 8-bit moments it
    ///     begins and ends where groups do.
    ///   - step: the update that turns version `step` into `step + 1`; torch counts it as `step + 1`.
    ///   - clipScale: factor on the gradient, from `GradientNorm.clipScale`.
    ///   - next: takes the next version of the weights; it may be `weights` or `gradient`.
    ///   - moments: a slice of the block that holds the range.
    public func update(
        _ block: Int, of table: BlockTable, range: Range<Int>, step: StepIndex, learningRate: Double,
        clipScale: Double, weights: UnsafePointer<Float>, gradient: UnsafePointer<Float>,
        next: UnsafeMutablePointer<Float>, moments: MomentSlice
    ) {
        let name = table.blocks[block].name
        precondition(range.lowerBound >= 0 && range.upperBound <= table.blocks[block].count, "outside block \(name)")
        precondition(moments.layout.encoding == table.moments && moments.slice.clamped(to: range) == range)
        for entry in table.blocks[block].entries {
            let part = entry.range.clamped(to: range)
            if part.isEmpty { continue }
            let offset = part.lowerBound - range.lowerBound
            let factors = factors(for: entry, step: step, learningRate: learningRate, clipScale: clipScale)
            update(
                part, block, step, factors, weights: weights + offset, gradient: gradient + offset,
                next: next + offset, moments: moments)
        }
    }

    /// One parameter's part; the pointers stand at its first element.
    private func update(
        _ part: Range<Int>, _ block: Int, _ step: StepIndex, _ factors: MawsAdamW, weights: UnsafePointer<Float>,
        gradient: UnsafePointer<Float>, next: UnsafeMutablePointer<Float>, moments: MomentSlice
    ) {
        let (codes, scales) = moments.offsets(of: part)
        let (first, second) = (moments.first + codes, moments.second + codes)
        switch moments.layout.encoding {
        case .fp32:
            loops.adamw(
                next, weights, gradient, first.assumingMemoryBound(to: Float.self),
                second.assumingMemoryBound(to: Float.self), factors, part.count)
        case .bf16:
            var key = [key.x, key.y]
            loops.adamw_bf16(
                next, weights, gradient, first.assumingMemoryBound(to: UInt16.self),
                second.assumingMemoryBound(to: UInt16.self), factors, &key, UInt32(truncatingIfNeeded: step.value),
                UInt64(block), UInt64(part.lowerBound), part.count)
        case .int8:
            loops.adamw_int8(
                next, weights, gradient, first.assumingMemoryBound(to: UInt8.self),
                second.assumingMemoryBound(to: UInt8.self),
                (moments.first + scales).assumingMemoryBound(to: Float.self),
                (moments.second + scales).assumingMemoryBound(to: Float.self), factors, DynamicMap.signed.loopTable,
                DynamicMap.unsigned.loopTable, UInt64(part.lowerBound), part.count)
        }
    }

    private func factors(
        for entry: ParameterEntry, step: StepIndex, learningRate: Double, clipScale: Double
    ) -> MawsAdamW {
        let rate = learningRate * Double(entry.learningRateScale)
        let count = step.value + 1
        let correction1 = 1 - power(beta1, count)
        let correction2 = 1 - power(beta2, count)
        return MawsAdamW(
            clip: Float(clipScale), keep: entry.decays ? Float(1 - rate * weightDecay) : 1,
            first_gain: Float(1 - beta1), second_keep: Float(beta2), second_gain: Float(1 - beta2),
            root_correction: Float(correction2.squareRoot()), step_size: Float(-rate / correction1),
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
