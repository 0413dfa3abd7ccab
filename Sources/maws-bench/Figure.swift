import MawsBase
import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor
import MawsTraining

/// One step of work that is timed.
struct Figure {
    let name: String
    /// Samples of a step.
    let samples: Int
    /// Floating-point operations a sample.
    let operations: Double
    /// Bytes of a unit's buffers and of packed weights, as `StageMemory` foresees them; nil where nothing goes
    /// backward.
    let predictedBytes: Int?
    let compute: () throws -> Void

    /// The figure of this name, with its weights and workspaces made anew; nil when there is none.
    static func named(
        _ name: String, _ plans: BenchPlan, _ backend: ComputeBackend, keepsPackedWeights: Bool
    ) -> Figure? {
        switch name {
        case "mae": training(name, plans.mae, plans, plans.batch(plans.mae), backend, keepsPackedWeights)
        case "wsp": training(name, plans.wsp, plans, plans.batch(plans.wsp), backend, keepsPackedWeights)
        case "lit": training(name, plans.lit, plans, plans.batch(plans.lit), backend, keepsPackedWeights)
        case "lit-cached":
            training(name, plans.lit, plans, plans.batch(plans.lit, withFeatures: true), backend, keepsPackedWeights)
        case "features": features(plans, backend)
        default: nil
        }
    }

    static let names = ["mae", "wsp", "lit", "lit-cached", "features"]

    /// All phases of a step's units, and the update.
    /// - Parameter batch: with known features, as in the later epochs of LiT with fixed views.
    private static func training(
        _ name: String, _ stage: StagePlan, _ plans: BenchPlan, _ batch: UnitBatch, _ backend: ComputeBackend,
        _ keepsPackedWeights: Bool
    ) -> Figure {
        let weights = BlockMemory(
            initial: StageModel.table(stage, in: plans.plan), seed: 1, keepsPackedWeights: keepsPackedWeights)
        let trial = StageTrial(
            plan: plans.plan, stage: stage, batch: batch, backend: backend, weights: weights,
            gradients: Update(weights, units: stage.unitsPerStep, backend: backend))
        let cost = StageCost(plan: plans.plan, stage: stage, parameters: 0, trainable: 0)
        return Figure(
            name: name, samples: stage.batch,
            operations: batch[.image].rows.isEmpty ? cost.operationsPerKnownView : cost.operationsPerSample,
            predictedBytes: predictedBytes(stage, plans, backend, keepsPackedWeights)
        ) {
            trial.beginStep()
            try trial.compute(units: stage.unitsPerStep)
        }
    }

    private static func features(_ plans: BenchPlan, _ backend: ComputeBackend) -> Figure {
        let (stage, batch) = (plans.linear, plans.batch(plans.linear))
        let trial = StageTrial(plan: plans.plan, stage: stage, batch: batch, backend: backend)
        let cost = StageCost(plan: plans.plan, stage: stage, parameters: 0, trainable: 0)
        return Figure(name: "features", samples: batch.count, operations: cost.operationsPerSample, predictedBytes: nil)
        {
            try trial.compute(units: 1)
        }
    }

    private static func predictedBytes(
        _ stage: StagePlan, _ plans: BenchPlan, _ backend: ComputeBackend, _ keepsPackedWeights: Bool
    ) -> Int? {
        var plan = plans.plan
        plan.precision = backend.operands == .bfloat16 ? .bf16 : .fp32
        let memory = try? StageMemory(
            plan: plan, stage: stage, compute: backend.profile.kind, threads: backend.threads,
            keepsPackedWeights: keepsPackedWeights)
        let values = 4 * StageModel.table(stage, in: plan).parameterCount
        return memory.map { $0.unitBytes + $0.weightBytes - values }
    }
}
