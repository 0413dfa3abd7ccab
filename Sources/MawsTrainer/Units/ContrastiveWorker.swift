import MawsBase
import MawsData
import MawsPlan
import MawsTensor
import MawsTraining
import MawsWire

/// Units of `lit`: phase 0 posts a unit's embeddings, phase 1 pushes the gradient of the global loss for its rows.
final class ContrastiveWorker: StageWorker {
    /// What phase 0 of a unit left for its phase 1. The images are not needed again.
    private struct Kept {
        var batch: UnitBatch
        var unit: LiTUnit
    }

    /// Bytes of activations kept between the phases; what does not fit is computed again, with the same bits.
    private static let keptBytesMax = 1 << 30

    private let objective: LiTObjective
    private let stage: StagePlan
    private let keptUnitsMax: Int
    private var step: StepIndex?
    private var kept: [UInt32: Kept] = [:]
    private var embeddings: LiTEmbeddings?

    init(objective: LiTObjective, stage: StagePlan, text: TextModelPlan) {
        self.objective = objective
        self.stage = stage
        keptUnitsMax = max(1, Self.keptBytesMax / Self.activationBytes(text, samples: stage.unit))
    }

    func needsBatch(_ lease: Lease) -> Bool {
        lease.phase == 0 || lease.step != step || kept[lease.unit.value] == nil
    }

    func compute(_ context: UnitContext) throws -> UnitResult {
        if context.lease.step != step {
            step = context.lease.step
            kept = [:]
            embeddings = nil
        }
        return context.lease.phase == 0 ? try embed(context) : try pushGradient(context)
    }

    private func embed(_ context: UnitContext) throws -> UnitResult {
        var batch = try context.batch()
        let unit = try objective.embed(batch, weights: context.weights)
        if kept.count < keptUnitsMax {
            batch.images = FloatBuffer(count: 0)
            kept[context.lease.unit.value] = Kept(batch: batch, unit: unit)
        }
        try context.pusher.post(unit.imageRows + unit.textRows)
        return UnitResult()
    }

    private func pushGradient(_ context: UnitContext) throws -> UnitResult {
        let all = try embeddings ?? collect(context)
        embeddings = all
        let own = kept.removeValue(forKey: context.lease.unit.value)
        let loss = try objective.computeUnit(
            own?.batch ?? context.batch(), unit: own?.unit, all: all, firstRow: context.unit * stage.unit,
            weights: context.weights, gradients: context.pusher)
        return UnitResult(loss: loss)
    }

    /// Every post holds the unit's image rows, then its text rows.
    private func collect(_ context: UnitContext) throws -> LiTEmbeddings {
        let half = stage.unit * objective.width
        let posts = try context.collect(units: stage.unitsPerStep, floatsMax: 2 * half)
        for post in posts where post.rows.count != 2 * half {
            throw TrainerError.malformedPost(unit: post.unit, floats: post.rows.count, rowWidth: 2 * objective.width)
        }
        return try objective.embeddings(
            images: FloatBuffer(posts.flatMap { $0.rows[..<half] }),
            texts: FloatBuffer(posts.flatMap { $0.rows[half...] }), weights: context.weights)
    }

    /// A generous estimate of the text tower's activations: about twenty rows of its width and both attention tables a
    /// layer.
    private static func activationBytes(_ text: TextModelPlan, samples: Int) -> Int {
        let rows = samples * text.context
        let floats = text.depth * rows * (16 * text.width + 2 * text.mlp + 2 * text.heads * text.context)
        return max(1, floats * MemoryLayout<Float>.stride)
    }
}
