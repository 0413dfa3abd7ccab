import MawsReport
import MawsTraining
import Testing

@Suite struct EvaluationTests {
    private static func sample(
        _ index: Int, _ truth: Int, _ prediction: Int, _ score: Float, truthScore: Float? = nil
    ) -> ClassificationResult.Sample {
        ClassificationResult.Sample(
            sample: index, truth: truth, prediction: prediction, score: score, truthScore: truthScore ?? score)
    }

    private let result = ClassificationResult(
        stage: "zeroshot", split: "test", classNames: ["bag", "coat", "dress"],
        samples: [
            sample(0, 0, 0, 0.9), sample(1, 0, 0, 0.7), sample(2, 0, 0, 0.9), sample(3, 0, 1, 0.8, truthScore: 0.1),
            sample(4, 0, 2, 0.9, truthScore: 0.8), sample(5, 1, 0, 0.5, truthScore: 0.4), sample(6, 1, 1, 0.3),
            sample(7, -1, 1, 0.3),
        ])

    @Test func theConfusionMatrixCountsEachSampleOfAKnownClassOnce() {
        let matrix = ConfusionMatrix(result)
        #expect(matrix.counts == [[3, 1, 1], [1, 1, 0], [0, 0, 0]])
        #expect(matrix.recall(0) == 0.6 && matrix.recall(1) == 0.5 && matrix.recall(2) == nil)
        #expect(matrix.precision(0) == 0.75 && matrix.precision(1) == 0.5 && matrix.precision(2) == 0)
    }

    @Test func theHardestClassesHaveTheMostMistakes() {
        #expect(ConfusionMatrix(result).hardest(1) == [0])
        #expect(ConfusionMatrix(result).hardest(2) == [0, 1])
        #expect(ConfusionMatrix(result).hardest(9) == [0, 1, 2])
    }

    @Test func theBestAreRecognisedWithTheHighestScoreAndEqualOnesGoByNumber() {
        let extremes = CaptionExtremes(result, classIndex: 0, limit: 2)
        #expect(extremes.best.map(\.sample) == [0, 2])
    }

    @Test func theWorstAreTheMistakesWithTheWidestLead() {
        let extremes = CaptionExtremes(result, classIndex: 0, limit: 2)
        #expect(extremes.worst.map(\.sample) == [3, 4])
        #expect(CaptionExtremes(result, classIndex: 2, limit: 2).worst.isEmpty)
    }
}

@Suite struct UnlabelledTests {
    @Test func samplesWithoutAClassAreCountedAndNotScored() {
        let samples = [(0, 0), (1, 1), (-1, 0), (1, 0), (-1, 1)].enumerated().map { index, pair in
            ClassificationResult.Sample(sample: index, truth: pair.0, prediction: pair.1, score: 1, truthScore: 1)
        }
        let result = ClassificationResult(stage: "linear", split: "test", classNames: ["a", "b"], samples: samples)
        #expect(result.scoredCount == 3 && result.unlabelledCount == 2 && result.rightCount == 2)
        #expect(abs(result.accuracy - 2.0 / 3) < 1e-12)
    }
}
