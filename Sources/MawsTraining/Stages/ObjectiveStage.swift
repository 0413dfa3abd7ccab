import MawsData
import MawsKernels
import MawsModel
import MawsPlan

/// A kind of stage whose loss is a sum over samples, so that a unit has a gradient by itself.
package protocol ObjectiveStage: StageDefinition {
    /// - Parameter keeps: `inputs` computes each block again to go backward, in less memory, with the same bits.
    func objective(_ backend: ComputeBackend, keeps: KeptActivations) -> any UnitObjective
}

extension ObjectiveStage {
    package var phases: [StagePhase] { [StagePhase()] }

    /// The objective of whole units, in micro-batches where the plan says so.
    package func unitObjective(_ backend: ComputeBackend, keeps: KeptActivations) -> any UnitObjective {
        let whole = objective(backend, keeps: keeps)
        if stage.microBatch == stage.unit { return whole }
        return MicroBatches(of: whole, size: stage.microBatch, backend: backend)
    }

    package func worker(_ tools: StageTools) -> any StageWorker {
        GradientWorker(
            objective: unitObjective(tools.backend, keeps: tools.memory.keeps), globalBatch: stage.batch)
    }

    package func trial(_ setting: TrialSetting) -> any UnitTrial {
        var part = stage
        (part.unit, part.microBatch) = (setting.batch.count, min(stage.microBatch, setting.batch.count))
        let own = StagePlace(plan: place.plan, stage: part, index: place.index)
        guard let task = part[Task.self] else { preconditionFailure("a stage stays of its kind") }
        let objective = Self(own, task).unitObjective(setting.backend, keeps: setting.keeps)
        return ObjectiveTrial(objective: objective, globalBatch: stage.batch, setting: setting)
    }

    package func rehearse(
        _ batch: UnitBatch, _ backend: ComputeBackend, _ keeps: KeptActivations, _ weights: BlockMemory
    ) throws -> Int {
        _ = try unitObjective(backend, keeps: keeps).computeUnit(
            batch, globalBatch: stage.batch, weights: weights, gradients: NoGradients())
        return 0
    }
}

/// Units whose gradient is theirs alone.
final class GradientWorker: StageWorker {
    private let objective: any UnitObjective
    private let globalBatch: Int

    init(objective: any UnitObjective, globalBatch: Int) {
        self.objective = objective
        self.globalBatch = globalBatch
    }

    func needsBatch(_ unit: UnitPlace) -> Bool { true }
    func pushesGradient(phase: Int) -> Bool { true }

    func compute(_ unit: any UnitExchange) throws -> UnitResult {
        let loss = try objective.computeUnit(
            unit.batch(), globalBatch: globalBatch, weights: unit.weights, gradients: unit.gradients)
        return UnitResult(loss: loss)
    }
}

private final class ObjectiveTrial: UnitTrial {
    private let objective: any UnitObjective
    private let globalBatch: Int
    private let setting: TrialSetting

    init(objective: any UnitObjective, globalBatch: Int, setting: TrialSetting) {
        (self.objective, self.globalBatch, self.setting) = (objective, globalBatch, setting)
    }

    func compute(units: Int) throws {
        for _ in 0..<units {
            _ = try objective.computeUnit(
                setting.batch, globalBatch: globalBatch, weights: setting.weights, gradients: setting.gradients)
        }
    }
}
