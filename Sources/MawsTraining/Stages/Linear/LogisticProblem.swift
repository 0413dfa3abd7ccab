import Foundation
import MawsKernels
import MawsTensor

/// The mean penalised cross-entropy of a multinomial logistic regression, with its gradient.
struct LogisticProblem {
    /// Samples of one pass through the matrix products: bounds the memory of the scores.
    private static let chunkRows = 4096

    let features: FloatBuffer
    let width: Int
    let labels: [Int]
    let classes: Int
    let penalty: Double
    let backend: ComputeBackend

    /// Weights [classes, width], then biases [classes].
    var parameterCount: Int { classes * (width + 1) }

    func evaluate(_ parameters: [Double]) -> (value: Double, gradient: [Double]) {
        let split = classes * width
        let current = FloatBuffer(parameters.map { Float($0) })
        let gradient = FloatBuffer(count: parameterCount)
        var loss = 0.0
        for start in stride(from: 0, to: labels.count, by: Self.chunkRows) {
            let rows = start..<min(start + Self.chunkRows, labels.count)
            loss += accumulate(
                rows, current.slice(0..<split), current.slice(split..<parameterCount), gradient.slice(0..<split),
                gradient.slice(split..<parameterCount))
        }
        let scale = 1 / Double(max(labels.count, 1))
        let squares = parameters[..<split].reduce(0) { $0 + $1 * $1 }
        let slope = parameters.indices.map { index in
            (Double(gradient[index]) + (index < split ? penalty * parameters[index] : 0)) * scale
        }
        return ((loss + penalty / 2 * squares) * scale, slope)
    }

    /// XᵀX / n of the features, [width, width].
    func gram() -> [Double] {
        let sum = FloatBuffer(count: width * width)
        for start in stride(from: 0, to: labels.count, by: Self.chunkRows) {
            let rows = min(Self.chunkRows, labels.count - start)
            let x = ActivationSlice(features.slice(start * width..<(start + rows) * width))
            backend.weightGradient(
                sum.all, x, x, outputs: 0..<width, LinearShape(rows: rows, inputs: width, outputs: width))
        }
        let scale = 1 / Double(max(labels.count, 1))
        return sum.array.map { Double($0) * scale }
    }

    /// Adds the gradient of a chunk's summed cross-entropy and returns that sum.
    private func accumulate(
        _ rows: Range<Int>, _ weights: FloatSlice, _ biases: FloatSlice, _ dWeights: FloatSlice, _ dBiases: FloatSlice
    ) -> Double {
        let x = features.slice(rows.lowerBound * width..<rows.upperBound * width)
        let scores = FloatBuffer(count: rows.count * classes)
        let shape = LinearShape(rows: rows.count, inputs: width, outputs: classes)
        backend.linearForward(scores.all, x, weights, biases, residual: nil, shape)
        backend.softmaxForward(scores.all, scores.all, RowShape(rows: rows.count, width: classes))
        var loss = 0.0
        for (row, label) in labels[rows].enumerated() {
            let probability = scores[row * classes + label]
            loss -= log(Double(max(probability, Float.leastNormalMagnitude)))
            scores[row * classes + label] = probability - 1
        }
        backend.linearBackward(nil, dWeights, dBiases, scores.all, x, weights, shape)
        return loss
    }
}
