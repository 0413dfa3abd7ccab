import MawsBase
import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor
import MawsTraining

/// One unit of work that is timed.
struct Figure {
    let name: String
    let compute: () throws -> Void

    static func all(_ plans: BenchPlan, _ backend: any ComputeBackend) -> [Figure] {
        [
            training("mae", plans.mae, plans) {
                MAEObjective(plan: plans.plan, stage: plans.mae, stageIndex: 0, backend: backend)
            },
            training("wsp", plans.wsp, plans) {
                WSPObjective(plan: plans.plan, stage: plans.wsp, stageIndex: 1, backend: backend)
            },
            features(plans, backend),
        ]
    }

    /// Forward and backward of one unit.
    private static func training(
        _ name: String, _ stage: StagePlan, _ plans: BenchPlan, _ make: () -> any UnitObjective
    ) -> Figure {
        let table = StageModel.table(stage, in: plans.plan)
        let (weights, gradients) = (BlockMemory(initial: table, seed: 1), BlockMemory(table))
        let (objective, batch) = (make(), plans.batch())
        return Figure(name: name) {
            _ = try objective.computeUnit(batch, globalBatch: stage.batch, weights: weights, gradients: gradients)
        }
    }

    private static func features(_ plans: BenchPlan, _ backend: any ComputeBackend) -> Figure {
        let extractor = FeatureExtractor(plan: plans.plan, stage: plans.linear, stageIndex: 2, backend: backend)
        let weights = BlockMemory(initial: StageModel.table(plans.linear, in: plans.plan), seed: 1)
        let batch = plans.batch()
        return Figure(name: "features") { _ = try extractor.features(batch, weights: weights) }
    }
}
