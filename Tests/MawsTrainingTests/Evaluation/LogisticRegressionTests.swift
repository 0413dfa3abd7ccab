import Foundation
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

    /// `Scripts/golden-probe.py`: scikit-learn's own L-BFGS takes up to 2,773 iterations to the same gradient.
    @Test(arguments: ["0.001", "0.03", "1"])
    func dependentFeaturesAreFittedToTheOptimum(penalty: String) throws {
        let golden = try LiTFixture.golden("probe")
        let features = try golden.floats("features")
        let labels = try golden.floats("labels").map { Int($0) }
        let (train, width) = (Int(try golden.scalar("train")), try golden.shape("features")[1])
        let model = LogisticRegression.fit(
            features: Array(features[..<(train * width)]), width: width, labels: Array(labels[..<train]), classes: 5,
            penalty: try #require(Double(penalty)), backend: backend)
        let objective = Double(try golden.scalar("objective.\(penalty)"))
        #expect(model.fit.converged && model.fit.gradientMax <= 1e-6, "\(model.fit)")
        #expect(model.fit.iterations < 300 && model.fit.samples == train, "\(model.fit)")
        #expect(abs(model.fit.objective - objective) < 1e-5 * objective, "\(model.fit)")
        let probabilities = model.probabilities(Array(features[(train * width)...]))
        let expected = try golden.floats("probabilities.\(penalty)")
        #expect(zip(probabilities, expected).allSatisfy { abs($0 - $1) < 2e-3 })
    }

    @Test func whatIsKeptIsALayerOnTheFeaturesAsTheyAre() throws {
        let features: [Float] = [101, 5, 102, 7, 103, 5, 111, 9, 112, 4, 113, 6]
        let model = LogisticRegression.fit(
            features: features, width: 2, labels: [0, 0, 0, 1, 1, 1], classes: 2, penalty: 1, backend: backend)
        let head = model.head
        #expect(head.weight.count == 4 * 2 * 2 && head.bias.count == 4 * 2)
        let (weight, bias) = (floats(head.weight), floats(head.bias))
        let scores = (0..<2).map { (row: Int) -> Float in
            bias[row] + weight[2 * row] * 107 + weight[2 * row + 1] * 6
        }
        let probability = 1 / (1 + exp(Double(scores[0] - scores[1])))
        #expect(abs(probability - Double(model.probabilities([107, 6])[1])) < 1e-5)
    }

    /// The mean of 0.1 ten times over is not 0.1: what is left is rounding, not a deviation.
    @Test func constantFeatureWhoseMeanRoundsWeighsNothing() {
        var features: [Float] = []
        for row in 0..<10 { features += [0.1, Float(row)] }
        let model = LogisticRegression.fit(
            features: features, width: 2, labels: (0..<10).map { $0 / 5 }, classes: 2, penalty: 1, backend: backend)
        #expect(model.fit.converged)
        #expect(abs(floats(model.head.weight)[0]) < 1e-3)
    }

    @Test func aFitThatEndsBeforeItsOptimumSaysSo() {
        let features = (0..<40).map { Float($0) }
        let labels = (0..<40).map { $0 / 10 }
        let (whole, cut) = (
            LogisticRegression.fit(
                features: features, width: 1, labels: labels, classes: 4, penalty: 0.5, backend: backend
            ).fit,
            LogisticRegression.fit(
                features: features, width: 1, labels: labels, classes: 4, penalty: 0.5, iterationsMax: 2,
                backend: backend
            ).fit
        )
        #expect(whole.converged && whole.iterations > 2 && whole.samples == 40 && whole.penalty == 0.5)
        #expect(!cut.converged && cut.iterations == 2 && cut.gradientMax > cut.tolerance)
        #expect(cut.objective > whole.objective)
    }

    private func floats(_ data: Data) -> [Float] {
        stride(from: 0, to: data.count, by: 4).map { start in
            Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(data[data.startIndex + start + $1]) << (8 * $1) })
        }
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
