import MawsBase

extension OptimizerPlan {
    /// - Parameter seed: of the plan.
    public func configuration(seed: UInt64) -> OptimizerConfiguration {
        OptimizerConfiguration(
            .adamw(beta1: beta1, beta2: beta2, epsilon: epsilon), weightDecay: weightDecay, seed: seed)
    }

    /// What servers keep of every trained weight.
    public var slots: [WeightSlot] { configuration(seed: 0).slots(moments: moments) }
}
