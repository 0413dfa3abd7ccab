import MawsBase
import MawsPlan
import MawsTraining

/// Whether a stage is of a size that there are machines for. What a plan costs is found by going through its own code
/// without memory, which sizes beyond all address space would end without a sentence.
enum SizeCheck {
    /// Four terabytes of weights.
    private static let parametersMax = 1_000_000_000_000
    /// Elements that a unit keeps, roughly: forty terabytes.
    private static let keptMax = 1e13
    /// Elements of a unit's inputs: a terabyte.
    private static let inputsMax = 2.5e11

    /// A sentence with file, line and field where it is not.
    static func fault(_ stage: StagePlan, in plan: Plan) -> String? {
        let parameters = StageModel.table(stage, in: plan).parameterCount
        if parameters > parametersMax {
            return plan.located(
                "model",
                "stage \(stage.name) has \(parameters) parameters, and \(parametersMax) are the most that fit a run; "
                    + "make `width`, `depth` or `mlp` smaller")
        }
        let kept = stage.task.costParts(of: stage, in: plan).reduce(0) {
            $0 + Double(stage.microBatch) * $1.operations / Double($1.width)
        }
        let inputs = stage.task.inputs(of: stage, in: plan).reduce(0) { $0 + Double(stage.unit) * Double($1.count) }
        guard kept > keptMax || inputs > inputsMax else { return nil }
        return plan.located(
            stage.field("unit"),
            "a unit of \(stage.unit) samples of stage \(stage.name) fits no machine; make it smaller, or the model")
    }
}
