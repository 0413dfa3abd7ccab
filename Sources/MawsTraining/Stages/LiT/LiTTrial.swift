import MawsModel
import MawsTensor

/// Both phases of a unit of LiT in a global batch that repeats its rows.
final class LiTTrial: UnitTrial {
    private let objective: LiTObjective
    private let setting: TrialSetting
    /// [global batch × width]
    private let images: FloatBuffer
    private let texts: FloatBuffer
    private var embeddings: LiTEmbeddings?

    init(_ objective: LiTObjective, batch: Int, _ setting: TrialSetting) {
        (self.objective, self.setting) = (objective, setting)
        images = FloatBuffer(count: batch * objective.width)
        texts = FloatBuffer(count: batch * objective.width)
    }

    func beginStep() { embeddings = nil }

    func compute(units: Int) throws {
        var kept: [LiTUnit] = []
        var all = embeddings
        for _ in 0..<units {
            let unit = try objective.embed(setting.batch, weights: setting.weights)
            all = try all ?? embeddings(of: unit)
            if !setting.repeatsEmbedding { kept.append(unit) }
        }
        guard let all else { return }
        embeddings = all
        for unit in 0..<units {
            _ = try objective.computeUnit(
                setting.batch, unit: setting.repeatsEmbedding ? nil : kept[unit], all: all, firstRow: 0,
                weights: setting.weights, gradients: setting.gradients)
        }
    }

    private func embeddings(of unit: LiTUnit) throws -> LiTEmbeddings {
        for (rows, target) in [(unit.imageRows, images), (unit.textRows, texts)] {
            for start in stride(from: 0, to: target.count, by: rows.count) {
                let count = min(rows.count, target.count - start)
                target.all.part(start, count).copy(from: Array(rows[..<count]))
            }
        }
        return try objective.embeddings(images: images.all, texts: texts.all, weights: setting.weights)
    }
}
