import Foundation
import MawsData

/// Units of `zeroshot`: the predictions of a unit's samples, as a JSON array of `ClassificationResult.Sample`.
final class ZeroShotWorker: StageWorker {
    private let classifier: ZeroShotClassifier

    init(classifier: ZeroShotClassifier) { self.classifier = classifier }

    func needsBatch(_ unit: UnitPlace) -> Bool { true }

    func compute(_ context: any UnitExchange) throws -> UnitResult {
        let batch = try context.batch()
        // All samples of the unit may be unreadable.
        let samples = batch.count > 0 ? try classifier.classify(batch, weights: context.weights) : []
        return UnitResult(result: [UInt8](try JSONEncoder().encode(samples)))
    }
}
