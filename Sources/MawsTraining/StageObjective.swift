import MawsKernels
import MawsModel
import MawsPlan

/// Makes the objectives of the stages whose loss is a sum over samples.
public enum StageObjective {
    /// - Parameters:
    ///   - stage: of kind `mae` or `wsp`.
    ///   - keeps: `inputs` computes each block again to go backward, in less memory, with the same bits.
    public static func make(
        plan: Plan, stage: StagePlan, stageIndex: UInt32, backend: ComputeBackend, keeps: Keeping
    ) -> any UnitObjective {
        let whole: any UnitObjective =
            stage.kind == .mae
            ? MAEObjective(plan: plan, stage: stage, stageIndex: stageIndex, backend: backend, keeps: keeps)
            : WSPObjective(plan: plan, stage: stage, stageIndex: stageIndex, backend: backend, keeps: keeps)
        if stage.microBatch == stage.unit { return whole }
        return MicroBatches(of: whole, size: stage.microBatch, backend: backend)
    }
}
