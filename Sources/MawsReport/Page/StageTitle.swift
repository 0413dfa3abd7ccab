import MawsPlan

/// What a person calls a stage: what it is, with the plan's name for it where that says more.
enum StageTitle {
    /// `Masked autoencoder (mae)`, `Linear probe (probe-after-mae)`.
    static func text(_ stage: String, kind: String?) -> String {
        guard let title = title(kind ?? stage) else { return stage }
        return "\(title) (\(stage))"
    }

    private static func title(_ kind: String) -> String? {
        switch StageKind(rawValue: kind) {
        case .mae: "Masked autoencoder"
        case .wsp: "Pretraining on hashtags"
        case .lit: "Locked-image tuning"
        case .linear: "Linear probe"
        case .zeroshot: "Zero-shot classification"
        case nil: nil
        }
    }
}
