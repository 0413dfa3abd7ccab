import Foundation
import MawsPlan

/// The units of the first phase say the keys of what will be predicted, and the one of the second the predictions.
struct ProbeEvaluation: StageEvaluation {
    private let stage: StagePlan
    private let penalty: Double
    private let width: Int
    private let classNames: [String]
    /// Keys of each unit's samples by their number in the split.
    private var keys: [Int: [Int: String]] = [:]
    private var outcome: ClassificationResult?

    /// - Parameters:
    ///   - width: of the features.
    ///   - classNames: of the plan; a class beyond them is called by its number.
    init(stage: StagePlan, penalty: Double, width: Int, classNames: [String]) {
        (self.stage, self.penalty, self.width, self.classNames) = (stage, penalty, width, classNames)
    }

    mutating func add(_ result: [UInt8], from unit: UnitPlace, of samples: UnitSamples) throws {
        guard unit.phase == 0 else { return outcome = try outcome(result) }
        // A unit that predicts nothing, or could read nothing, says nothing.
        let said = result.isEmpty ? [:] : try JSONDecoder().decode([Int: String].self, from: Data(result))
        try (samples.isScored ? samples : samples.saidNothing).check(Array(said.keys))
        keys[unit.unit] = said
    }

    func result() throws -> any StageResult {
        guard let outcome else { throw StageError.nothingScored(stage: stage.name, samples: 0) }
        return outcome
    }

    /// What the fit says of the samples whose keys are known; nothing else of it is believed without a look.
    private func outcome(_ result: [UInt8]) throws -> ClassificationResult {
        let said = try JSONDecoder().decode(ClassificationResult.self, from: Data(result))
        let keys = keys.values.reduce(into: [Int: String]()) { $0.merge($1) { first, _ in first } }
        try UnitSamples(numbers: keys.keys.sorted(), isScored: true, unreadableCount: 0).check(
            said.samples.map(\.sample))
        try ClassificationResult.checkClasses(of: said.samples)
        let classCount = said.classNames.count
        guard said.classNames == ProbeWorker.names(of: classCount, classNames),
            said.samples.allSatisfy({ $0.truth < classCount && $0.prediction < classCount })
        else { throw ResultFault("has classes that the plan does not have") }
        guard said.scoredCount > 0 else { throw ResultFault("scores none of its \(said.samples.count) samples") }
        guard var fit = said.fit, fit.penalty == penalty, fits(fit.head, classes: classCount) else {
            throw ResultFault("has another fit than the stage asks for")
        }
        // The run's folder says where the weights lie.
        (fit.weightsFile, fit.weightsHash) = (nil, nil)
        var outcome = ClassificationResult(
            stage: stage.name, split: stage.on, classNames: said.classNames,
            samples: said.samples.sorted { $0.sample < $1.sample }, fit: fit)
        for row in outcome.samples.indices { outcome.samples[row].key = keys[outcome.samples[row].sample] }
        return outcome
    }

    /// Whether the weights, where the message took them, are as many as a probe of these features has.
    private func fits(_ head: ProbeHead?, classes: Int) -> Bool {
        guard let head else { return true }
        return head.bias.count == 4 * classes && head.weight.count == 4 * classes * width
    }
}

extension UnitSamples {
    /// The same where nothing is to be said of them.
    fileprivate var saidNothing: UnitSamples { UnitSamples(numbers: [], isScored: false, unreadableCount: 0) }
}
