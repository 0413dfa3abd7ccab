import Foundation
import MawsData
import MawsKernels
import MawsPlan

/// Units of `linear`: phase 0 shares the frozen features of a unit, the one unit of phase 1 fits a logistic regression
/// on the features of the first split and evaluates it on the other.
final class ProbeWorker: StageWorker {
    private let extractor: FeatureExtractor
    private let backend: ComputeBackend
    private let stage: StagePlan
    private let task: LinearTask
    private let width: Int
    private let classNames: [String]
    /// Units of the split that is fitted on come first.
    private let fitUnits: Int
    private let unitCount: Int

    init(
        extractor: FeatureExtractor, backend: ComputeBackend, stage: StagePlan, task: LinearTask, width: Int,
        classNames: [String],
        fitUnits: Int, unitCount: Int
    ) {
        self.extractor = extractor
        self.backend = backend
        (self.stage, self.task) = (stage, task)
        self.width = width
        self.classNames = classNames
        self.fitUnits = fitUnits
        self.unitCount = unitCount
    }

    func needsBatch(_ unit: UnitPlace) -> Bool { unit.phase == 0 }

    func compute(_ context: any UnitExchange) throws -> UnitResult {
        context.place.phase == 0 ? try share(context) : try fit(context)
    }

    private func share(_ context: any UnitExchange) throws -> UnitResult {
        let batch = try context.batch()
        // All samples of the unit may be unreadable; the others need its answer nevertheless.
        guard batch.count > 0 else {
            try context.shareRows([])
            return UnitResult()
        }
        let features = try extractor.features(batch, weights: context.weights)
        try context.shareRows(
            ProbeRows(
                features: features, labels: batch.target(as: ClassTarget.self).classes, samples: batch.samples
            ).floats)
        guard context.place.unit >= fitUnits else { return UnitResult() }
        // Keys of what will be predicted go to the coordinator straight away: rows hold numbers only.
        let keys = Dictionary(zip(batch.samples, batch.keys)) { first, _ in first }
        return UnitResult(result: [UInt8](try JSONEncoder().encode(keys)))
    }

    private func fit(_ context: any UnitExchange) throws -> UnitResult {
        let gathered = try context.gatherRows(units: unitCount, floatsMax: stage.unit * (width + ProbeRows.extraFloats))
        let train = try ProbeRows(gathered[..<fitUnits], width: width)
        let test = try ProbeRows(gathered[fitUnits...], width: width)
        guard train.labels.contains(where: { $0 >= 0 }) else {
            throw StageError.nothingToFit(stage: stage.name, samples: train.labels.count)
        }
        try check(train)
        let classes = 1 + max(0, train.labels.max() ?? 0, test.labels.max() ?? 0)
        let model = LogisticRegression.fit(
            features: train.features, width: width, labels: train.labels, classes: classes, penalty: task.penalty,
            backend: backend)
        guard model.fit.objective.isFinite && model.fit.gradientMax.isFinite else {
            throw StageError.noFit(stage: stage.name, split: task.trainSplit)
        }
        let scores = model.probabilities(test.features)
        var result = ClassificationResult(
            stage: stage.name, split: stage.on,
            classNames: Self.names(of: classes, classNames),
            samples: test.samples.indices.map { row in
                ClassificationResult.Sample(
                    sample: test.samples[row], truth: test.labels[row],
                    scores: Array(scores[row * classes..<(row + 1) * classes]))
            },
            fit: model.fit)
        return UnitResult(result: try encode(&result, head: model.head, bytesMax: context.resultBytesMax))
    }

    /// A class beyond the plan's names is called by its number.
    static func names(of classes: Int, _ classNames: [String]) -> [String] {
        (0..<classes).map { $0 < classNames.count ? classNames[$0] : String($0) }
    }

    /// With the weights of the probe, where a message takes them.
    private func encode(_ result: inout ClassificationResult, head: ProbeHead, bytesMax: Int) throws -> [UInt8] {
        let bare = [UInt8](try JSONEncoder().encode(result))
        result.fit?.head = head
        let whole = [UInt8](try JSONEncoder().encode(result))
        return whole.count <= bytesMax ? whole : bare
    }

    /// A fit to features that are not finite would be of no use and would not say so.
    private func check(_ rows: ProbeRows) throws {
        let wrong = rows.samples.indices.filter { row in
            !rows.features[row * width..<(row + 1) * width].allSatisfy(\.isFinite)
        }
        guard let first = wrong.first else { return }
        throw StageError.featuresNotFinite(
            stage: stage.name, split: task.trainSplit, count: wrong.count, samples: rows.samples.count,
            first: rows.samples[first])
    }
}
