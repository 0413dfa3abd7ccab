/// How servers make the next version of what is trained: which slots it takes, and what the slots' rules need to know.
/// The learning rate and the factor on the gradient come with every commit.
package struct OptimizerConfiguration: Hashable, Sendable {
    package var rule: OptimizerRule
    /// AdamW takes rate × decay × weight from the weight; SGD adds decay × weight to the gradient.
    package var weightDecay: Double
    /// The moving average of weights that is kept beside; nil: none is.
    package var average: AverageConfiguration?
    /// The plan's: it decides how bf16 is rounded.
    package var seed: UInt64

    package init(
        _ rule: OptimizerRule, weightDecay: Double, average: AverageConfiguration? = nil, seed: UInt64 = 0
    ) {
        self.rule = rule
        self.weightDecay = weightDecay
        self.average = average
        self.seed = seed
    }

    /// What is kept of each trained weight, in the order of state files and messages.
    package func slots(moments: MomentEncoding) -> [WeightSlot] {
        let ema = WeightSlot(WeightSlot.averageName, .fp32, .weightAverage)
        return rule.slots(moments: moments) + (average == nil ? [] : [ema])
    }

    /// Whether blocks with these slots can be updated so.
    package func fits(_ slots: [WeightSlot]) -> Bool {
        slots.map(\.rule) == self.slots(moments: .fp32).map(\.rule)
            && slots.allSatisfy { $0.rule.encodings.contains($0.encoding) }
    }
}

/// What makes the next weight out of a gradient.
package enum OptimizerRule: Hashable, Sendable {
    /// Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, as torch.optim.AdamW computes it.
    case adamw(beta1: Double, beta2: Double, epsilon: Double)
    /// As torch.optim.SGD without dampening; a momentum of 0 is none.
    case sgd(momentum: Double, isNesterov: Bool)

    /// Without an average, in single precision.
    package var slots: [WeightSlot] { slots(moments: .fp32) }

    func slots(moments: MomentEncoding) -> [WeightSlot] {
        switch self {
        case .adamw: WeightSlot.adamw(moments)
        case .sgd(let momentum, _):
            momentum == 0 ? [] : [WeightSlot("momentum_buffer", moments.encoding(isSigned: true), .momentum)]
        }
    }
}

extension WeightSlot {
    /// Those of AdamW.
    package static func adamw(_ moments: MomentEncoding = .fp32) -> [WeightSlot] {
        [
            WeightSlot("exp_avg", moments.encoding(isSigned: true), .gradientMean),
            WeightSlot("exp_avg_sq", moments.encoding(isSigned: false), .squareMean),
        ]
    }
}

/// The moving average of weights, as timm's ModelEmaV3 keeps it: a copy of the weights after the first step, from then
/// on average + (1 - decay) × (weights - average).
package struct AverageConfiguration: Hashable, Codable, Sendable {
    /// At least 0 and below 1.
    package var decay: Double
    /// Whether the decay after n steps is 1 - n^(-2/3) until that reaches `decay`.
    package var warmsUp: Bool

    package init(decay: Double, warmsUp: Bool = false) {
        self.decay = decay
        self.warmsUp = warmsUp
    }
}
