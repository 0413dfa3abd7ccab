import Foundation
import MawsBase
import MawsData
import MawsRecords
import MawsTraining

/// A run folder such as a coordinator leaves, with made-up figures that look like a real run's.
struct SyntheticRun {
    static let classNames = [
        "t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
    ]

    let folder: String

    /// - Parameter folder: made if it is not there.
    init(at folder: String, steps: Int = 400) throws {
        self.folder = folder
        try FileManager.default.createDirectory(atPath: "\(folder)/results", withIntermediateDirectories: true)
        let stages = [("mae", 1.1, 0.35), ("wsp", 3.4, 1.6), ("lit", 6.2, 2.4)]
        let metrics = stages.flatMap { Self.metrics($0.0, from: $0.1, to: $0.2, steps: steps) }
        try Self.write(lines: metrics.map(JSONLine.encode), to: "\(folder)/metrics.jsonl")
        let results = [Self.result("linear", accuracy: 0.86), Self.result("zeroshot", accuracy: 0.79)]
        let summaries = stages.map { stage in Self.summary(stage.0, metrics) } + results.map(Self.summary)
        try Self.write(lines: summaries.map(JSONLine.encode), to: "\(folder)/stages.jsonl")
        for result in results {
            try Self.write(lines: [JSONLine.encode(result)], to: "\(folder)/results/\(result.stage).json")
        }
        try Self.write(lines: ["run: \(folder)", "seed: 7  # <a plan & its \"comments\">"], to: "\(folder)/plan.yaml")
    }

    /// A loss that falls from one value to another with noise, the learning rate of a cosine with warm-up.
    static func metrics(_ stage: String, from first: Double, to last: Double, steps: Int) -> [StepMetrics] {
        (0..<steps).map { step in
            var random = CounterRandom(seed: 1, purpose: .test, step: UInt64(step), element: UInt64(stage.count))
            let noise = (random.uniformDouble() - 0.5) * 0.12
            let progress = Double(step) / Double(max(1, steps))
            let loss = last + (first - last) * exp(-5 * progress) * (1 + noise) + noise * last * 0.3
            let rate = min(1, 10 * progress) * 0.5 * (1 + cos(.pi * progress)) * 1.5e-4
            return StepMetrics(
                stage: stage, step: step, loss: loss, learningRate: rate, gradientNorm: 1.2 * loss * (1 + 3 * noise),
                images: 512, seconds: 1.1 + noise, bytesPushed: 27_400_000 + 1000 * step, bytesGathered: 54_800_000)
        }
    }

    /// Two thousand samples over ten classes; the wrong ones go to a neighbouring class most of the time.
    static func result(_ stage: String, accuracy: Double) -> ClassificationResult {
        let samples = (0..<2000).map { index in
            var random = CounterRandom(seed: 2, purpose: .test, element: UInt64(index * stage.count))
            let truth = index % 10
            let isRight = random.uniformDouble() < accuracy + 0.02 * Double(truth - 5)
            let neighbour = (truth + (random.uniformDouble() < 0.7 ? 2 : 1 + random.below(9))) % 10
            let score = 0.2 + 0.15 * random.uniform()
            return ClassificationResult.Sample(
                sample: index, truth: truth, prediction: isRight ? truth : neighbour, score: score,
                truthScore: isRight ? score : score - 0.1 * random.uniform())
        }
        return ClassificationResult(stage: stage, split: "test", classNames: classNames, samples: samples)
    }

    private static func summary(_ stage: String, _ metrics: [StepMetrics]) -> StageSummary {
        let steps = metrics.filter { $0.stage == stage }
        return StageSummary(
            stage: stage, kind: stage, steps: steps.count, seconds: steps.reduce(0) { $0 + $1.seconds },
            images: steps.reduce(0) { $0 + $1.images }, loss: steps.last?.loss,
            bytesPushed: steps.reduce(0) { $0 + $1.bytesPushed },
            bytesGathered: steps.reduce(0) { $0 + $1.bytesGathered }, accuracy: nil,
            weightsHash: String(repeating: "3fa9c0e1", count: 8))
    }

    private static func summary(_ result: ClassificationResult) -> StageSummary {
        StageSummary(
            stage: result.stage, kind: result.stage, steps: 1, seconds: 8.4, images: result.samples.count, loss: nil,
            bytesPushed: 5_120_000, bytesGathered: 12_000_000, accuracy: result.accuracy, weightsHash: nil)
    }

    static func write(lines: [String], to path: String) throws {
        try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: URL(fileURLWithPath: path))
    }
}

/// A folder of its own for one test, gone with it.
final class ScratchFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "maws-report-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
