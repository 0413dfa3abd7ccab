import Foundation
import MawsKernels
import MawsTensor

/// Multinomial logistic regression on standardised features: the linear probe.
///
/// Minimises Σ cross-entropy + penalty / 2 · ‖W‖², the biases free: scikit-learn's LogisticRegression with
/// C = 1 / penalty behind its StandardScaler. Deterministic: preconditioned L-BFGS over the whole set from zero, until
/// no element of the mean objective's gradient is above 1e-6. What was fitted is a layer on the features as they are.
package struct LogisticRegression: Sendable {
    /// How far the fit got, without the weights.
    package let fit: ProbeFit
    private let width: Int
    /// [classes, width] and [classes].
    private let weights: FloatBuffer
    private let biases: FloatBuffer
    private let backend: ComputeBackend

    /// - Parameters:
    ///   - features: [samples × width], finite.
    ///   - labels: class of each sample; samples with a negative label are left out.
    ///   - iterationsMax: a bound that no fit should meet; `fit` says of one that does.
    package static func fit(
        features: [Float], width: Int, labels: [Int], classes: Int, penalty: Double, iterationsMax: Int = 20_000,
        backend: ComputeBackend
    ) -> LogisticRegression {
        precondition(width > 0 && features.count == labels.count * width, "features and labels do not match")
        precondition(labels.allSatisfy { $0 < classes }, "a label lies outside the classes")
        let known = labels.indices.filter { labels[$0] >= 0 }
        let scaler = FeatureScaler(features, width: width, rows: known)
        let problem = LogisticProblem(
            features: scaler.apply(features, rows: known), width: width, labels: known.map { labels[$0] },
            classes: classes, penalty: penalty, backend: backend)
        let conditioner = FeaturePreconditioner(
            gram: problem.gram(), width: width, ridge: penalty / Double(max(known.count, 1)), classes: classes,
            backend: backend)
        let solver = LBFGS(iterationsMax: iterationsMax)
        let minimum = solver.minimise(
            from: [Double](repeating: 0, count: problem.parameterCount), precondition: conditioner.apply
        ) { problem.evaluate($0) }
        let fit = ProbeFit(
            samples: known.count, penalty: penalty, iterations: minimum.iterations, objective: minimum.value,
            gradientMax: minimum.gradientMax, tolerance: solver.gradientTolerance,
            converged: minimum.gradientMax <= solver.gradientTolerance)
        let layer = scaler.unscaled(minimum.point, classes: classes)
        return LogisticRegression(
            fit: fit, width: width, weights: FloatBuffer(layer.weights), biases: FloatBuffer(layer.biases),
            backend: backend)
    }

    /// The layer's weights for a file.
    package var head: ProbeHead { ProbeHead(weight: Data(weights.bytes), bias: Data(biases.bytes)) }

    /// Probability of each class, [samples × classes].
    package func probabilities(_ features: [Float]) -> [Float] {
        let rows = features.count / width
        let scores = FloatBuffer(count: rows * biases.count)
        backend.linearForward(
            scores.all, FloatBuffer(features).all, weights.all, biases.all, residual: nil,
            LinearShape(rows: rows, inputs: width, outputs: biases.count))
        backend.softmaxForward(scores.all, scores.all, RowShape(rows: rows, width: biases.count))
        return scores.array
    }
}

/// Mean and deviation of each feature over the set that was fitted on.
private struct FeatureScaler {
    private let width: Int
    private let means: [Double]
    /// 1 / std; 1 where a feature is constant.
    private let reciprocals: [Double]

    init(_ features: [Float], width: Int, rows: [Int]) {
        self.width = width
        let count = Double(max(rows.count, 1))
        var sums = [Double](repeating: 0, count: width)
        for row in rows {
            for column in 0..<width { sums[column] += Double(features[row * width + column]) }
        }
        let means = sums.map { $0 / count }
        var squares = [Double](repeating: 0, count: width)
        for row in rows {
            for column in 0..<width {
                let distance = Double(features[row * width + column]) - means[column]
                squares[column] += distance * distance
            }
        }
        self.means = means
        reciprocals = zip(squares, means).map { squares, mean in
            let variance = squares / count
            return variance > Self.rounding(of: variance, mean, count) ? 1 / variance.squareRoot() : 1
        }
    }

    /// The variance that a constant feature may seem to have, its mean being rounded; scikit-learn's bound.
    private static func rounding(of variance: Double, _ mean: Double, _ count: Double) -> Double {
        let shift = count * mean * Double.ulpOfOne
        return count * Double.ulpOfOne * variance + shift * shift
    }

    /// The standardised rows, [rows.count, width].
    func apply(_ features: [Float], rows: [Int]) -> FloatBuffer {
        let values = FloatBuffer(count: rows.count * width)
        for (target, row) in rows.enumerated() {
            for column in 0..<width {
                let value = (Double(features[row * width + column]) - means[column]) * reciprocals[column]
                values[target * width + column] = Float(value)
            }
        }
        return values
    }

    /// Weights [classes, width] and biases [classes] on standardised features, as those on the features themselves.
    func unscaled(_ parameters: [Double], classes: Int) -> (weights: [Float], biases: [Float]) {
        let weights = (0..<classes * width).map { parameters[$0] * reciprocals[$0 % width] }
        let biases = (0..<classes).map { row in
            (0..<width).reduce(parameters[classes * width + row]) { $0 - weights[row * width + $1] * means[$1] }
        }
        return (weights.map { Float($0) }, biases.map { Float($0) })
    }
}
