import Foundation
import MawsCheckpoint
import MawsFiles
import MawsTraining

/// What a run keeps of an evaluation: `results/<stage>.json`, the outcome without its samples,
/// `results/<stage>.predictions.jsonl`, a line a sample, and of a linear probe `results/<stage>.safetensors`, its
/// weights.
package enum ClassificationFiles: ResultFiles {
    /// `results/<stage>.json`. Runs of earlier versions have their samples in it.
    private struct Outcome: Codable {
        var stage: String
        var split: String
        var classNames: [String]
        var accuracy: Double?
        /// Samples with a class, and without one.
        var scored: Int?
        var unlabelled: Int?
        var fit: ProbeFit?
        var samples: [ClassificationResult.Sample]?
    }

    /// Writes the three files; the first is the last, so that a result that is there is whole. Returns the outcome with
    /// its weights' file and hash in place of the weights.
    @discardableResult
    package static func write(_ result: any StageResult, to folder: String) throws -> any StageResult {
        guard let result = result as? ClassificationResult else {
            preconditionFailure("the result of stage \(result.stage) is not a classifier's")
        }
        return try write(result, to: folder)
    }

    @discardableResult
    package static func write(_ result: ClassificationResult, to folder: String) throws -> ClassificationResult {
        var result = result
        let path = "\(folder)/\(result.stage)"
        if let head = result.fit?.head {
            result.fit?.weightsHash = try write(head, to: "\(path).safetensors")
            result.fit?.weightsFile = "\(result.stage).safetensors"
            result.fit?.head = nil
        }
        let lines = try result.samples.map {
            try JSONLine.encode(PredictionLine($0, classNames: result.classNames)) + "\n"
        }
        try AtomicFile.write(lines.joined(), to: "\(path).predictions.jsonl")
        let outcome = Outcome(
            stage: result.stage, split: result.split, classNames: result.classNames, accuracy: result.accuracy,
            scored: result.scoredCount, unlabelled: result.unlabelledCount, fit: result.fit)
        try AtomicFile.write(JSONLine.encode(outcome), to: "\(path).json")
        return result
    }

    /// As a layer of PyTorch: `head.weight` [classes, width] and `head.bias` [classes].
    private static func write(_ head: ProbeHead, to path: String) throws -> String {
        let classes = head.bias.count / 4
        return try TensorFile.write(
            [
                TensorFile.Tensor(
                    "head.weight", [classes, head.weight.count / 4 / max(classes, 1)], [UInt8](head.weight)),
                TensorFile.Tensor("head.bias", [classes], [UInt8](head.bias)),
            ], to: path)
    }

    package static func read(_ contents: Data, lines: Data?) throws -> any StageResult {
        let outcome = try JSONLine.decode(Outcome.self, from: contents)
        let predictions = JSONLines<PredictionLine>(lines ?? Data())
        let result = ClassificationResult(
            stage: outcome.stage, split: outcome.split, classNames: outcome.classNames,
            samples: outcome.samples ?? predictions.records.map(\.sample), fit: outcome.fit)
        if let reason = outcome.samples == nil && lines == nil
            ? "is gone or cannot be read" : difference(outcome, result, damagedLines: predictions.damagedLines)
        {
            throw ResultDamage(stage: outcome.stage, file: names(of: outcome.stage)[1], reason: reason)
        }
        return result
    }

    /// How the predictions differ from the outcome; nil where they do not, or an earlier version kept them together.
    private static func difference(_ outcome: Outcome, _ result: ClassificationResult, damagedLines: [Int]) -> String? {
        guard outcome.samples == nil else { return nil }
        if let line = damagedLines.first { return "has a line that is no prediction, line \(line)" }
        let belonging = outcome.scored.map { $0 + (outcome.unlabelled ?? 0) } ?? result.samples.count
        if belonging != result.samples.count {
            return "has \(Figure.count(result.samples.count)) samples where the outcome has \(Figure.count(belonging))"
        }
        if let accuracy = outcome.accuracy, accuracy != result.accuracy {
            return "comes to \(Figure.percent(result.accuracy)) where the outcome says \(Figure.percent(accuracy))"
        }
        return nil
    }

    /// Those of a probe's weights.
    package static func hashes(in result: any StageResult) -> [String: String] {
        guard let fit = (result as? ClassificationResult)?.fit, let hash = fit.weightsHash else { return [:] }
        return [fit.weightsFile ?? names(of: result.stage)[2]: hash]
    }

    package static func names(of stage: String) -> [String] {
        ["\(stage).json", "\(stage).predictions.jsonl", "\(stage).safetensors"]
    }
}

/// One line of a file of predictions: a sample by its number in the split and its key in its shard, with its class and
/// what it was taken for, by number and by name.
private struct PredictionLine: Codable {
    /// Number of the sample in its split.
    var index: Int
    var key: String?
    /// -1 and no name where the class is unknown, or nothing was predicted.
    var classIndex: Int
    var className: String?
    var predictionIndex: Int
    var prediction: String?
    var score: Float
    /// Score of the sample's own class.
    var classScore: Float

    private enum CodingKeys: String, CodingKey {
        case index = "sample"
        case key, classIndex
        case className = "class"
        case predictionIndex, prediction, score, classScore
    }

    init(_ sample: ClassificationResult.Sample, classNames: [String]) {
        func name(_ index: Int) -> String? { classNames.indices.contains(index) ? classNames[index] : nil }
        (index, key) = (sample.sample, sample.key)
        (classIndex, className) = (sample.truth, name(sample.truth))
        (predictionIndex, prediction) = (sample.prediction, name(sample.prediction))
        (score, classScore) = (sample.score, sample.truthScore)
    }

    var sample: ClassificationResult.Sample {
        ClassificationResult.Sample(
            sample: index, key: key, truth: classIndex, prediction: predictionIndex, score: score,
            truthScore: classScore)
    }
}
