/// Which fields each kind of stage has.
enum StageFields {
    private static let common = ["name", "on", "image_size", "unit"]
    private static let inheriting = ["weights"]
    private static let training = ["recipe", "epochs", "steps", "batch", "micro_batch", "skip_nonfinite"] + recipe
    private static let evaluation = ["eval_crop"]
    /// Fields that replace single values of the recipe's preset.
    static let recipe =
        [
            "learning_rate", "schedule", "warmup", "augment",
        ] + OptimizerReader.fields

    static func of(_ task: any StageTask.Type) -> [String] {
        common + (task.fields.contains(task.sourceField) ? inheriting : [])
            + (task.trains ? training + task.fields : task.fields + evaluation)
    }

    /// Refuses fields the kind does not have, telling a misspelt one from one of another kind.
    static func check(_ map: PlanMap, task: any StageTask.Type) throws(PlanError) {
        let known = of(task)
        for field in map.fields where !known.contains(field.name) {
            if FormerNames.today(field.name, among: known) != nil { continue }
            let others = StageKinds.all.filter { of($0).contains(field.name) }
            guard others.isEmpty else {
                throw .misplacedField(
                    field.value.place, kind: task.kind.rawValue, belongsTo: others.map { $0.kind.rawValue })
            }
        }
        try map.allow(known)
    }
}
