import MawsBase
import MawsKernels
import MawsTestSupport
import MawsTraining
import Testing

@Suite struct LogisticRegressionTests {
    private let backend = ComputeBackend.reference(threads: 1)

    @Test(arguments: ["0.1", "1", "100"])
    func probabilitiesAgreeWithScikitLearn(penalty: String) throws {
        let golden = try LiTFixture.golden("linear")
        let features = try golden.floats("features")
        let labels = try golden.floats("labels").map { Int($0) }
        let (train, width) = (Int(try golden.scalar("train")), try golden.shape("features")[1])
        let model = LogisticRegression.fit(
            features: Array(features[..<(train * width)]), width: width, labels: Array(labels[..<train]), classes: 4,
            penalty: try #require(Double(penalty)), backend: backend)
        let probabilities = model.probabilities(Array(features[(train * width)...]))
        let expected = try golden.floats("probabilities.\(penalty)")
        #expect(zip(probabilities, expected).allSatisfy { abs($0 - $1) < 2e-3 })
        let held = Array(labels[train...])
        #expect(abs(accuracy(probabilities, held, 4) - accuracy(expected, held, 4)) < 0.003)
    }

    @Test func sampleWithoutClassIsLeftOut() {
        let features: [Float] = [-1, -2, 1, 2, 100]
        let labels = [0, 0, 1, 1, -1]
        let model = LogisticRegression.fit(
            features: features, width: 1, labels: labels, classes: 2, penalty: 1, backend: backend)
        let without = LogisticRegression.fit(
            features: Array(features[..<4]), width: 1, labels: Array(labels[..<4]), classes: 2, penalty: 1,
            backend: backend)
        #expect(model.probabilities([0.5, -3]) == without.probabilities([0.5, -3]))
        #expect(model.probabilities([3])[1] > 0.8)
    }

    @Test func constantFeatureAndSeparableClassesAreNoTrouble() {
        let features: [Float] = [1, 5, 2, 5, 3, 5, 11, 5, 12, 5, 13, 5]
        let model = LogisticRegression.fit(
            features: features, width: 2, labels: [0, 0, 0, 1, 1, 1], classes: 2, penalty: 1e-3, backend: backend)
        let probabilities = model.probabilities(features)
        #expect(probabilities.allSatisfy { $0.isFinite })
        #expect(accuracy(probabilities, [0, 0, 0, 1, 1, 1], 2) == 1)
    }

    private func accuracy(_ probabilities: [Float], _ labels: [Int], _ classes: Int) -> Double {
        let hits = labels.indices.count { row in
            let scores = probabilities[row * classes..<(row + 1) * classes]
            return scores.firstIndex(of: scores.max() ?? 0).map { $0 - row * classes } == labels[row]
        }
        return Double(hits) / Double(labels.count)
    }
}
