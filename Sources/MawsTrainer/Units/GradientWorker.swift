import MawsTraining
import MawsWire

/// Units of a stage whose loss is a sum over samples: `mae` and `wsp`.
final class GradientWorker: StageWorker {
    private let objective: any UnitObjective
    private let globalBatch: Int

    init(objective: any UnitObjective, globalBatch: Int) {
        self.objective = objective
        self.globalBatch = globalBatch
    }

    func needsBatch(_ lease: Lease) -> Bool { true }
    func pushesGradient(_ lease: Lease) -> Bool { true }

    func compute(_ context: UnitContext) throws -> UnitResult {
        let loss = try objective.computeUnit(
            context.batch(), globalBatch: globalBatch, weights: context.weights, gradients: context.gradients)
        return UnitResult(loss: loss)
    }
}
