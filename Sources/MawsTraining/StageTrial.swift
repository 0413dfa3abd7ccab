import MawsBase
import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor

/// What one trainer computes in a step of a stage, by the stage's own code: to be timed.
public final class StageTrial {
    private let weights: BlockMemory
    private let forgets: () -> Void
    private let computes: (_ units: Int) throws -> Void

    /// - Parameters:
    ///   - batch: samples of a unit as the stage's loader makes them; some or all.
    ///   - repeatsEmbedding: of LiT: the text tower goes forward again in the second phase of a step.
    ///   - keepsPackedWeights: of weights that mean nothing, see `MemoryChoice`.
    ///   - weights: nil: some that mean nothing.
    ///   - sink: takes the gradients; nil: they go nowhere.
    public init(
        plan: Plan, stage: StagePlan, batch: UnitBatch, backend: ComputeBackend, keeps: Keeping = .everything,
        keepsPackedWeights: Bool = true, repeatsEmbedding: Bool = false, weights given: BlockMemory? = nil,
        gradients sink: (any GradientSink)? = nil
    ) {
        let weights = given ?? Self.meaningless(StageModel.table(stage, in: plan), keepsPackedWeights)
        let gradients = sink ?? NoGradients()
        self.weights = weights
        switch stage.kind {
        case .mae, .wsp:
            var part = stage
            (part.unit, part.microBatch) = (batch.count, min(stage.microBatch, batch.count))
            let objective = StageObjective.make(plan: plan, stage: part, stageIndex: 0, backend: backend, keeps: keeps)
            forgets = {}
            computes = { units in
                for _ in 0..<units {
                    _ = try objective.computeUnit(
                        batch, globalBatch: stage.batch, weights: weights, gradients: gradients)
                }
            }
        case .lit:
            let unit = ContrastiveTrial(
                LiTObjective(plan: plan, stage: stage, stageIndex: 0, backend: backend, keeps: keeps), stage, batch,
                weights, gradients, repeatsEmbedding: repeatsEmbedding)
            forgets = { unit.forget() }
            computes = { try unit.compute(units: $0) }
        case .linear, .zeroshot:
            let extractor = FeatureExtractor(plan: plan, stage: stage, stageIndex: 0, backend: backend)
            forgets = {}
            computes = { units in
                for _ in 0..<units { _ = try extractor.features(batch, weights: weights) }
            }
        }
    }

    /// Another version begins: what was packed of the one before is stale.
    public func begin() {
        weights.refresh()
        beginStep()
    }

    /// Another step begins, on weights that whoever changed them has refreshed.
    public func beginStep() { forgets() }

    /// All phases of this many units, phase by phase.
    public func compute(units: Int) throws { try computes(units) }

    /// Small numbers that differ; how long products take does not depend on them.
    private static func meaningless(_ table: BlockTable, _ keepsPackedWeights: Bool) -> BlockMemory {
        let weights = BlockMemory(table, keepsPackedWeights: keepsPackedWeights)
        var random = CounterRandom(seed: 1, purpose: .initialWeights, element: 0)
        let pattern = FloatBuffer((0..<4096).map { _ in 0.04 * random.uniform() - 0.02 })
        for buffer in weights.buffers {
            for start in stride(from: 0, to: buffer.count, by: pattern.count) {
                let count = min(pattern.count, buffer.count - start)
                (buffer.pointer + start).update(from: pattern.pointer, count: count)
            }
        }
        return weights
    }
}

/// Both phases of a unit of LiT in a global batch that repeats its rows.
private final class ContrastiveTrial {
    private let objective: LiTObjective
    private let batch: UnitBatch
    private let weights: BlockMemory
    private let gradients: any GradientSink
    private let repeatsEmbedding: Bool
    /// [global batch × width]
    private let images: FloatBuffer
    private let texts: FloatBuffer
    private var embeddings: LiTEmbeddings?

    init(
        _ objective: LiTObjective, _ stage: StagePlan, _ batch: UnitBatch, _ weights: BlockMemory,
        _ gradients: any GradientSink, repeatsEmbedding: Bool
    ) {
        (self.objective, self.batch, self.weights) = (objective, batch, weights)
        (self.gradients, self.repeatsEmbedding) = (gradients, repeatsEmbedding)
        images = FloatBuffer(count: stage.batch * objective.width)
        texts = FloatBuffer(count: stage.batch * objective.width)
    }

    func forget() { embeddings = nil }

    func compute(units: Int) throws {
        var kept: [LiTUnit] = []
        var all = embeddings
        for _ in 0..<units {
            let unit = try objective.embed(batch, weights: weights)
            all = try all ?? embeddings(of: unit)
            if !repeatsEmbedding { kept.append(unit) }
        }
        guard let all else { return }
        embeddings = all
        for unit in 0..<units {
            _ = try objective.computeUnit(
                batch, unit: repeatsEmbedding ? nil : kept[unit], all: all, firstRow: 0, weights: weights,
                gradients: gradients)
        }
    }

    private func embeddings(of unit: LiTUnit) throws -> LiTEmbeddings {
        for (rows, target) in [(unit.imageRows, images), (unit.textRows, texts)] {
            for start in stride(from: 0, to: target.count, by: rows.count) {
                let count = min(rows.count, target.count - start)
                target.all.part(start, count).copy(from: Array(rows[..<count]))
            }
        }
        return try objective.embeddings(images: images.all, texts: texts.all, weights: weights)
    }
}
