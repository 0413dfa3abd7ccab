import MawsBase

/// How a training stage makes its next weights out of a gradient; the learning rate is its schedule's.
package struct OptimizerPlan: Hashable, Sendable {
    package var rule: OptimizerRule
    package var weightDecay: Double
    /// Highest global gradient norm; larger gradients are scaled down to it. Nil: no clipping.
    package var clipNorm: Double?
    /// How the servers keep moments, or a momentum, from step to step.
    package var moments = MomentEncoding.fp32
    /// The moving average of weights that is kept beside them; nil: none is.
    package var average: AverageConfiguration?

    package init(_ rule: OptimizerRule, weightDecay: Double, clipNorm: Double? = nil) {
        self.rule = rule
        self.weightDecay = weightDecay
        self.clipNorm = clipNorm
    }

    /// AdamW.
    package init(beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double, clipNorm: Double?) {
        self.init(.adamw(beta1: beta1, beta2: beta2, epsilon: epsilon), weightDecay: weightDecay, clipNorm: clipNorm)
    }

    /// torch.optim.SGD's learning rate where a plan names none; a recipe's is AdamW's.
    static let sgdRate = 1e-3

    /// - Parameter seed: of the plan.
    package func configuration(seed: UInt64) -> OptimizerConfiguration {
        OptimizerConfiguration(rule, weightDecay: weightDecay, average: average, seed: seed)
    }

    /// What servers keep of every trained weight.
    package var slots: [WeightSlot] { configuration(seed: 0).slots(moments: moments) }
}

/// Flat, and AdamW's as it was before there were others: the hash of a plan, which checkpoints hold, stays what it was.
extension OptimizerPlan: Codable {
    private enum CodingKeys: String, CodingKey {
        case kind, beta1, beta2, epsilon, momentum, isNesterov, weightDecay, clipNorm, moments, average
    }

    /// What `kind` is where a plan has one; AdamW's has none.
    private static let sgd = "sgd"

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let rule: OptimizerRule
        switch try fields.decodeIfPresent(String.self, forKey: .kind) {
        case nil:
            rule = .adamw(
                beta1: try fields.decode(Double.self, forKey: .beta1),
                beta2: try fields.decode(Double.self, forKey: .beta2),
                epsilon: try fields.decode(Double.self, forKey: .epsilon))
        case Self.sgd:
            rule = .sgd(
                momentum: try fields.decode(Double.self, forKey: .momentum),
                isNesterov: try fields.decode(Bool.self, forKey: .isNesterov))
        case let other?:
            throw DecodingError.dataCorruptedError(
                forKey: .kind, in: fields, debugDescription: "there is no optimizer \(other)")
        }
        self.init(
            rule, weightDecay: try fields.decode(Double.self, forKey: .weightDecay),
            clipNorm: try fields.decodeIfPresent(Double.self, forKey: .clipNorm))
        moments = try fields.decode(MomentEncoding.self, forKey: .moments)
        average = try fields.decodeIfPresent(AverageConfiguration.self, forKey: .average)
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        switch rule {
        case .adamw(let beta1, let beta2, let epsilon):
            try fields.encode(beta1, forKey: .beta1)
            try fields.encode(beta2, forKey: .beta2)
            try fields.encode(epsilon, forKey: .epsilon)
        case .sgd(let momentum, let isNesterov):
            try fields.encode(Self.sgd, forKey: .kind)
            try fields.encode(momentum, forKey: .momentum)
            try fields.encode(isNesterov, forKey: .isNesterov)
        }
        try fields.encode(weightDecay, forKey: .weightDecay)
        try fields.encodeIfPresent(clipNorm, forKey: .clipNorm)
        try fields.encode(moments, forKey: .moments)
        try fields.encodeIfPresent(average, forKey: .average)
    }
}
