import CVectorLoops
import MawsBase

/// An exponential moving average of weights, as timm's ModelEmaV3 keeps one in its training script: after the first
/// update it is a copy of the weights, from then on average = torch.lerp(average, weights, 1 - decay). With warm-up the
/// decay after n updates is at most 1 - n^(-2/3) (warmup_gamma 1, warmup_power 2/3).
///
/// **Precision.** The average is fp32 alone. At a decay of 0.9999 a step moves it by 1e-4 of the difference, which the
/// 8 bits of bf16 cannot hold, and rounding at random would leave noise of 2^-8 in the very weights that are evaluated.
/// In fp32 an element stands still once it is within half a unit in its last place / (1 - decay) of the weight: 3e-4 of
/// its own size at 0.9999.
package struct WeightAverage: @unchecked Sendable {
    private let decay: Double
    private let warmsUp: Bool
    /// Constant function pointers.
    private let loops = maws_update_loops().pointee

    /// - Parameter decay: at least 0 and below 1.
    package init(decay: Double, warmsUp: Bool = false) {
        precondition(0 <= decay && decay < 1)
        self.decay = decay
        self.warmsUp = warmsUp
    }

    /// The decay of the update that turns version `step` into `step + 1`: ModelEmaV3.get_decay(step + 1).
    package func decay(at step: StepIndex) -> Double {
        guard step.value > 0 else { return 0 }
        guard warmsUp else { return decay }
        let root = Self.cubeRoot(Double(step.value) + 1)
        return min(1 - 1 / (root * root), decay)
    }

    /// Takes the part's new weights into the average.
    func update(_ part: UpdatePart, average: SlotSlice) {
        let gain = Float(1 - decay(at: part.step))
        loops.average(average.codes(of: part.range, as: Float.self), part.next, gain, part.count)
    }

    /// By Newton's method from above: a decay must not depend on the machine's `pow`. The number is at least 1.
    private static func cubeRoot(_ number: Double) -> Double {
        // The power of two that is the root at least.
        var root = Double(sign: .plus, exponent: number.exponent / 3 + 1, significand: 1)
        while true {
            let next = (2 * root + number / (root * root)) / 3
            if next >= root { return root }
            root = next
        }
    }
}
