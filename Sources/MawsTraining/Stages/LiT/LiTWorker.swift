import MawsBase
import MawsData
import MawsModel
import MawsPlan
import MawsTensor

/// Units of `lit`: phase 0 shares a unit's embeddings, phase 1 pushes the gradient of the global loss for its rows.
///
/// The frozen tower computes each image once a step: the features of every unit of phase 0 stay until its phase 1, and
/// with fixed views of the images for the stage. The text tower's activations stay for as many units as there is memory
/// for, and for the last one until another needs its room; the others go forward again, to the same bits.
final class LiTWorker: StageWorker {
    /// What phase 0 of a unit left for its phase 1: captions and features, and the unit where it was kept.
    private struct Kept {
        var batch: UnitBatch
        var unit: LiTUnit?
    }

    private let objective: LiTObjective
    private let stage: StagePlan
    private let table: BlockTable
    private let store: (any FeatureStore)?
    private let keptUnitsMax: Int
    /// The sum of the parts of a unit.
    private let sum: GradientSum
    private var step: UInt64?
    private var kept: [Int: Kept] = [:]
    /// The unit whose activations came last.
    private var last: Int?
    private var embeddings: LiTEmbeddings?
    /// All rows of the step, [batch × width].
    private let images: FloatBuffer
    private let texts: FloatBuffer

    /// - Parameters:
    ///   - store: features of earlier epochs; nil: views are not fixed.
    ///   - keptUnitsMax: units whose activations may stay while another's are made.
    init(
        objective: LiTObjective, stage: StagePlan, table: BlockTable, store: (any FeatureStore)?, keptUnitsMax: Int,
        sum: GradientSum
    ) {
        self.sum = sum
        (self.objective, self.stage, self.table) = (objective, stage, table)
        (self.store, self.keptUnitsMax) = (store, keptUnitsMax)
        images = FloatBuffer(count: stage.batch * objective.width)
        texts = FloatBuffer(count: stage.batch * objective.width)
    }

    func needsBatch(_ unit: UnitPlace) -> Bool { unit.phase == 0 || unit.step != step || kept[unit.unit] == nil }

    func pushesGradient(phase: Int) -> Bool { phase == 1 }

    func compute(_ context: any UnitExchange) throws -> UnitResult {
        if context.place.step != step {
            step = context.place.step
            (kept, last, embeddings) = ([:], nil, nil)
        }
        return context.place.phase == 0 ? try embed(context) : try pushGradient(context)
    }

    private func embed(_ context: any UnitExchange) throws -> UnitResult {
        try store?.open(table, context.weights)
        let batch = try context.batch()
        makeRoom()
        var unit: LiTUnit?
        let specification = batch[.features].specification
        let features = FloatBuffer(count: batch.count * specification.count)
        var (imageRows, textRows): ([Float], [Float]) = ([], [])
        let parts = batch.ranges(of: stage.microBatch)
        for range in parts {
            let part = try objective.embed(batch.part(range), weights: context.weights)
            features.all.sequences(range, of: batch.count).copy(from: part.features)
            imageRows += part.imageRows
            textRows += part.textRows
            unit = parts.count == 1 ? part : nil
        }
        let known = UnitInput(specification, features.all)
        if let store {
            let fresh = batch[.image].rows
            store.put(
                fresh.map { batch.views[$0] }, fresh.map { known.floats.sequences($0..<$0 + 1, of: batch.count).array })
        }
        kept[context.place.unit] = Kept(batch: batch.substituting(known), unit: unit)
        last = context.place.unit
        try context.shareRows(imageRows + textRows)
        return UnitResult()
    }

    private func pushGradient(_ context: any UnitExchange) throws -> UnitResult {
        let all = try embeddings ?? gather(context)
        embeddings = all
        let own = kept.removeValue(forKey: context.place.unit)
        if own?.unit == nil { makeRoom() }
        let batch = try own?.batch ?? context.batch()
        let parts = batch.ranges(of: stage.microBatch)
        var loss = 0.0
        for (index, range) in parts.enumerated() {
            loss += try objective.computeUnit(
                batch.part(range), unit: own?.unit, all: all,
                firstRow: context.place.unit * stage.unit + range.lowerBound, weights: context.weights,
                gradients: sum.part(index, of: parts.count, to: context.gradients))
        }
        return UnitResult(loss: loss)
    }

    /// Before the activations of another unit are made.
    private func makeRoom() {
        guard let last, kept.values.count(where: { $0.unit != nil }) > keptUnitsMax else { return }
        kept[last]?.unit = nil
        self.last = nil
    }

    /// Each unit shares its image rows, then its text rows.
    private func gather(_ context: any UnitExchange) throws -> LiTEmbeddings {
        let half = stage.unit * objective.width
        let gathered = try context.gatherRows(units: stage.unitsPerStep, floatsMax: 2 * half)
        for part in gathered where part.rows.count != 2 * half {
            throw StageError.malformedRows(unit: part.unit, floats: part.rows.count, rowWidth: 2 * objective.width)
        }
        for (index, part) in gathered.enumerated() {
            images.all.part(index * half, half).copy(from: Array(part.rows[..<half]))
            texts.all.part(index * half, half).copy(from: Array(part.rows[half...]))
        }
        return try objective.embeddings(images: images.all, texts: texts.all, weights: context.weights)
    }
}
