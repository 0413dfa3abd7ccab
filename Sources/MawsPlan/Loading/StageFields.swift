/// Which fields each kind of stage has.
enum StageFields {
    private static let common = ["name", "on", "unit"]
    private static let training = ["recipe", "epochs", "steps", "batch", "micro_batch", "skip_nonfinite"] + recipe
    /// Fields that replace single values of the recipe's preset.
    static let recipe =
        [
            "learning_rate", "schedule", "warmup", "augment",
        ] + OptimizerReader.fields

    static func of(_ kind: StageKind) -> [String] {
        switch kind {
        case .mae: common + training + ["decoder", "mask_ratio", "norm_pix"]
        case .wsp: common + training + ["from", "labels", "head", "label_smoothing"]
        case .lit: common + training + ["image", "label_smoothing", "views"]
        case .linear: common + ["from", "fit_on", "penalty", "framing"]
        case .zeroshot: common + ["from", "templates", "classes", "framing"]
        }
    }

    /// Refuses fields the kind does not have, telling a misspelt one from one of another kind.
    static func check(_ map: PlanMap, kind: StageKind) throws(PlanError) {
        let known = of(kind)
        for field in map.fields where !known.contains(field.name) {
            let others = StageKind.allCases.filter { of($0).contains(field.name) }
            guard others.isEmpty else {
                throw .misplacedField(field.value.place, kind: kind.rawValue, belongsTo: others.map(\.rawValue))
            }
        }
        try map.allow(known)
    }
}
