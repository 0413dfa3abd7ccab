import MawsKernels
import MawsTensor

/// Multinomial logistic regression on standardised features: the linear probe.
///
/// Minimises Σ cross-entropy + penalty / 2 · ‖W‖², the biases free: scikit-learn's LogisticRegression with
/// C = 1 / penalty behind its StandardScaler. Deterministic: L-BFGS over the whole set from zero.
public struct LogisticRegression: Sendable {
    private let scaler: FeatureScaler
    /// [classes, width] and [classes].
    private let weights: FloatBuffer
    private let biases: FloatBuffer
    private let backend: ComputeBackend

    /// - Parameters:
    ///   - features: [samples × width].
    ///   - labels: class of each sample; samples with a negative label are left out.
    public static func fit(
        features: [Float], width: Int, labels: [Int], classes: Int, penalty: Double, backend: ComputeBackend
    ) -> LogisticRegression {
        precondition(width > 0 && features.count == labels.count * width, "features and labels do not match")
        precondition(labels.allSatisfy { $0 < classes }, "a label lies outside the classes")
        let known = labels.indices.filter { labels[$0] >= 0 }
        let scaler = FeatureScaler(features, width: width, rows: known)
        let problem = LogisticProblem(
            features: scaler.apply(features, rows: known), width: width, labels: known.map { labels[$0] },
            classes: classes, penalty: penalty, backend: backend)
        let solution = LBFGS().minimise(from: [Double](repeating: 0, count: problem.parameterCount)) {
            problem.evaluate($0)
        }
        let values = solution.map { Float($0) }
        return LogisticRegression(
            scaler: scaler, weights: FloatBuffer(Array(values[..<(classes * width)])),
            biases: FloatBuffer(Array(values[(classes * width)...])), backend: backend)
    }

    /// Probability of each class, [samples × classes].
    public func probabilities(_ features: [Float]) -> [Float] {
        let width = scaler.width
        let rows = features.count / width
        let scores = FloatBuffer(count: rows * biases.count)
        backend.linearForward(
            scores.all, scaler.apply(features, rows: Array(0..<rows)).all, weights.all, biases.all, residual: nil,
            LinearShape(rows: rows, inputs: width, outputs: biases.count))
        backend.softmaxForward(scores.all, scores.all, RowShape(rows: rows, width: biases.count))
        return scores.array
    }
}

/// Mean and deviation of each feature over the set that was fitted on.
private struct FeatureScaler: Sendable {
    let width: Int
    private let means: [Double]
    /// 1 / deviation; 1 where a feature is constant.
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
        reciprocals = squares.map { $0 > 0 ? 1 / ($0 / count).squareRoot() : 1 }
    }

    /// The standardised rows, [rows.count, width].
    func apply(_ features: [Float], rows: [Int]) -> FloatBuffer {
        var values = [Float](repeating: 0, count: rows.count * width)
        for (target, row) in rows.enumerated() {
            for column in 0..<width {
                let value = (Double(features[row * width + column]) - means[column]) * reciprocals[column]
                values[target * width + column] = Float(value)
            }
        }
        return FloatBuffer(values)
    }
}
