import Foundation
import MawsData
import MawsKernels
import MawsPlan
import MawsTraining
import MawsWire

/// Units of `linear`: phase 0 posts the frozen features of a unit, the one unit of phase 1 fits a logistic regression
/// on the features of the first split and evaluates it on the other.
final class ProbeWorker: StageWorker {
    private let extractor: FeatureExtractor
    private let backend: ComputeBackend
    private let stage: StagePlan
    private let width: Int
    private let classNames: [String]
    /// Units of the split that is fitted on come first.
    private let fitUnits: Int
    private let unitCount: Int

    init(
        extractor: FeatureExtractor, backend: ComputeBackend, stage: StagePlan, width: Int, classNames: [String],
        fitUnits: Int, unitCount: Int
    ) {
        self.extractor = extractor
        self.backend = backend
        self.stage = stage
        self.width = width
        self.classNames = classNames
        self.fitUnits = fitUnits
        self.unitCount = unitCount
    }

    func needsBatch(_ lease: Lease) -> Bool { lease.phase == 0 }

    func compute(_ context: UnitContext) throws -> UnitResult {
        context.lease.phase == 0 ? try post(context) : try fit(context)
    }

    /// A post holds the features [n × width], then the classes [n], then the samples' indices in the split [n],
    /// exact below 2^24.
    private func post(_ context: UnitContext) throws -> UnitResult {
        let batch = try context.batch()
        // All samples of the unit may be unreadable; the others need its post nevertheless.
        guard batch.count > 0 else {
            try context.pusher.post([])
            return UnitResult()
        }
        let features = try extractor.features(batch, weights: context.weights)
        try context.pusher.post(features + batch.classes.map(Float.init) + batch.samples.map(Float.init))
        return UnitResult()
    }

    private func fit(_ context: UnitContext) throws -> UnitResult {
        let posts = try context.collect(units: unitCount, floatsMax: stage.unit * (width + 2))
        let train = try ProbeRows(posts[..<fitUnits], width: width)
        let test = try ProbeRows(posts[fitUnits...], width: width)
        guard train.labels.contains(where: { $0 >= 0 }) else {
            throw TrainerError.nothingToFit(stage: stage.name, samples: train.labels.count)
        }
        let classes = 1 + max(0, train.labels.max() ?? 0, test.labels.max() ?? 0)
        let model = LogisticRegression.fit(
            features: train.features, width: width, labels: train.labels, classes: classes, penalty: stage.penalty,
            backend: backend)
        let scores = model.probabilities(test.features)
        let result = EvaluationResult(
            stage: stage.name, split: stage.on,
            classNames: (0..<classes).map { $0 < classNames.count ? classNames[$0] : String($0) },
            samples: Self.samples(test, scores: scores, classes: classes))
        return UnitResult(result: [UInt8](try JSONEncoder().encode(result)))
    }

    private static func samples(_ rows: ProbeRows, scores: [Float], classes: Int) -> [EvaluationResult.Sample] {
        rows.samples.indices.map { row in
            let own = Array(scores[row * classes..<(row + 1) * classes])
            let truth = rows.labels[row]
            // The first of equals.
            let best = own.indices.reduce(0) { own[$1] > own[$0] ? $1 : $0 }
            let sample = EvaluationResult.Sample(
                sample: rows.samples[row], truth: truth, prediction: best, score: own[best],
                truthScore: truth < 0 ? 0 : own[truth])
            return sample.withFiniteScores
        }
    }
}

/// The rows of several posts, one after another.
struct ProbeRows {
    /// [samples × width].
    private(set) var features: [Float] = []
    /// Class of each sample, -1 where unknown.
    private(set) var labels: [Int] = []
    /// Index of each sample in its split.
    private(set) var samples: [Int] = []

    init(_ posts: ArraySlice<PostedRows>, width: Int) throws {
        for post in posts {
            let count = post.rows.count / (width + 2)
            guard post.rows.count == count * (width + 2) else {
                throw TrainerError.malformedPost(unit: post.unit, floats: post.rows.count, rowWidth: width + 2)
            }
            features += post.rows[..<(count * width)]
            labels += post.rows[(count * width)..<(count * (width + 1))].map { Int($0) }
            samples += post.rows[(count * (width + 1))...].map { Int($0) }
        }
    }
}
