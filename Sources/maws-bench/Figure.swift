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
    /// Bytes of a unit's buffers and of prepared weights, as `StageMemory` foresees them; nil where nothing goes
    /// backward.
    let predictedBytes: Int?
    let compute: () throws -> Void

    /// The figure of this name, with its weights and workspaces made anew; nil when there is none.
    static func named(_ name: String, _ plans: BenchPlan, _ backend: ComputeBackend) -> Figure? {
        switch name {
        case "mae":
            training(plans.mae, 0, plans, backend)
        case "wsp":
            training(plans.wsp, 1, plans, backend)
        case "lit": contrastive(plans, backend, knowsFeatures: false)
        case "lit-cached": contrastive(plans, backend, knowsFeatures: true)
        case "features": features(plans, backend)
        default: nil
        }
    }

    static let names = ["mae", "wsp", "lit", "lit-cached", "features"]

    /// Forward and backward of each unit, and the update.
    private static func training(
        _ stage: StagePlan, _ stageIndex: UInt32, _ plans: BenchPlan, _ backend: ComputeBackend
    ) -> Figure {
        let weights = BlockMemory(initial: StageModel.table(stage, in: plans.plan), seed: 1)
        let update = Update(weights, units: stage.unitsPerStep, backend: backend)
        let objective = StageObjective.make(
            plan: plans.plan, stage: stage, stageIndex: stageIndex, backend: backend, keeps: .everything)
        let batch = plans.batch()
        return Figure(
            name: stage.name, samples: stage.batch, operations: operations(stage, plans),
            predictedBytes: predictedBytes(stage, plans, backend)
        ) {
            for _ in 0..<stage.unitsPerStep {
                _ = try objective.computeUnit(batch, globalBatch: stage.batch, weights: weights, gradients: update)
            }
        }
    }

    /// Both phases of a step of one unit, and the update.
    /// - Parameter knowsFeatures: as in the later epochs of a stage with fixed views.
    private static func contrastive(
        _ plans: BenchPlan, _ backend: ComputeBackend, knowsFeatures: Bool
    ) -> Figure {
        let stage = plans.lit
        let weights = BlockMemory(initial: StageModel.table(stage, in: plans.plan), seed: 1)
        let update = Update(weights, units: 1, backend: backend)
        let objective = LiTObjective(plan: plans.plan, stage: stage, stageIndex: 2, backend: backend)
        let batch = plans.batch(withFeatures: knowsFeatures)
        let (images, texts) = (
            FloatBuffer(count: stage.batch * objective.width), FloatBuffer(count: stage.batch * objective.width)
        )
        let image = knowsFeatures ? ModelCost.imageForward(plans.plan.model.image) : 0
        return Figure(
            name: knowsFeatures ? "lit-cached" : stage.name, samples: stage.unit,
            operations: operations(stage, plans) - image,
            predictedBytes: predictedBytes(stage, plans, backend)
        ) {
            let unit = try objective.embed(batch, weights: weights)
            images.all.copy(from: unit.imageRows)
            texts.all.copy(from: unit.textRows)
            let all = try objective.embeddings(images: images.all, texts: texts.all, weights: weights)
            _ = try objective.computeUnit(
                batch, unit: unit, all: all, firstRow: 0, weights: weights, gradients: update)
        }
    }

    private static func features(_ plans: BenchPlan, _ backend: ComputeBackend) -> Figure {
        let extractor = FeatureExtractor(plan: plans.plan, stage: plans.linear, stageIndex: 3, backend: backend)
        let weights = BlockMemory(initial: StageModel.table(plans.linear, in: plans.plan), seed: 1)
        let batch = plans.batch()
        return Figure(
            name: "features", samples: batch.count, operations: operations(plans.linear, plans), predictedBytes: nil
        ) {
            _ = try extractor.features(batch, weights: weights)
        }
    }

    private static func predictedBytes(_ stage: StagePlan, _ plans: BenchPlan, _ backend: ComputeBackend) -> Int? {
        var plan = plans.plan
        plan.precision = backend.operands == .bfloat16 ? .bf16 : .fp32
        let memory = try? StageMemory(
            plan: plan, stage: stage, compute: backend.profile.kind, threads: backend.threads)
        let values = 4 * StageModel.table(stage, in: plan).parameterCount
        return memory.map { $0.unitBytes + $0.weightBytes - values }
    }

    private static func operations(_ stage: StagePlan, _ plans: BenchPlan) -> Double {
        StageCost(plan: plans.plan, stage: stage, parameters: 0, trainable: 0).operationsPerSample
    }
}
