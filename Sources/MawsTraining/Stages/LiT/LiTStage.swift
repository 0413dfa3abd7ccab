import MawsBase
import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor

/// Locked-image tuning: its loss needs the whole global batch, so that a step has two phases.
package struct LiTStage: StageDefinition {
    package let place: StagePlace
    let task: LiTTask

    package init(_ place: StagePlace, _ task: LiTTask) { (self.place, self.task) = (place, task) }

    package var blocks: [ParameterBlock] { LiTTable.blocks(image, text, isTrainable: true) }

    package var phases: [StagePhase] {
        [StagePhase(postedFloatsPerSample: 2 * (place.plan.model.text?.embedding ?? 0)), StagePhase()]
    }

    package var towers: [StageTower] {
        let text = StageTower(depth: place.plan.model.text?.depth ?? 0) { depth, plan, stage in
            var plan = plan
            plan.model.text?.depth = depth
            return (plan, stage)
        }
        return [.image(in: place.plan), text]
    }

    /// The rehearsal's global batch is one part of a unit; the loss holds the embeddings of all samples, and their
    /// captions and features stay from the first phase to the second.
    package var bytesOfOtherUnits: Int {
        guard let text = place.plan.model.text else { return 0 }
        let kept = 4 * stage.batch * (text.context + image.width)
        return kept + LiTEmbeddings.byteCount(pairs: stage.batch, width: text.embedding)
            - LiTEmbeddings.byteCount(pairs: stage.microBatch, width: text.embedding)
    }

    package func worker(_ tools: StageTools) throws -> any StageWorker {
        guard place.plan.model.text != nil else { throw StageError.noTextModel(stage: stage.name) }
        return LiTWorker(
            objective: objective(tools.backend, keeps: tools.memory.keeps), stage: stage, table: table,
            store: tools.features, keptUnitsMax: tools.memory.keptUnits, sum: GradientSum(backend: tools.backend))
    }

    package func trial(_ setting: TrialSetting) -> any UnitTrial {
        LiTTrial(objective(setting.backend, keeps: setting.keeps), batch: stage.batch, setting)
    }

    package func rehearse(
        _ batch: UnitBatch, _ backend: ComputeBackend, _ keeps: KeptActivations, _ weights: BlockMemory
    ) throws -> Int {
        let objective = objective(backend, keeps: keeps)
        let part = batch.part(0..<stage.microBatch)
        let unit = try objective.embed(part, weights: weights)
        let all = try objective.embeddings(
            images: FloatBuffer(unit.imageRows).all, texts: FloatBuffer(unit.textRows).all, weights: weights)
        let sum = GradientSum(backend: backend)
        _ = try objective.computeUnit(
            part, unit: unit, all: all, firstRow: 0, weights: weights,
            gradients: sum.part(0, of: stage.unit / stage.microBatch, to: NoGradients()))
        return unit.byteCount
    }

    private func objective(_ backend: ComputeBackend, keeps: KeptActivations) -> LiTObjective {
        LiTObjective(plan: place.plan, stage: stage, backend: backend, keeps: keeps)
    }
}
