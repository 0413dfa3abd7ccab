import MawsKernels
import MawsTensor
import Synchronization

/// About the inverse Hessian of a `LogisticProblem`: the same matrix, (κ · XᵀX / n + penalty / n)⁻¹, for the weights of
/// every class, and 1 / κ for the biases.
///
/// Features of a network are far from independent, however they are scaled, and without it a fit takes a thousand
/// iterations. It changes the way to the optimum, never the optimum.
struct FeaturePreconditioner {
    /// The mean over samples and classes of p (1 - p), as it is where all classes are equally likely.
    private let curvature: Double
    private let classes: Int
    private let width: Int
    /// The Cholesky factor's rows, lower triangle, [width, width].
    private let factor: [Double]
    private let backend: ComputeBackend

    /// - Parameters:
    ///   - gram: XᵀX / n of the standardised features, [width, width].
    ///   - ridge: penalty / n.
    init(gram: [Double], width: Int, ridge: Double, classes: Int, backend: ComputeBackend) {
        let share = 1 / Double(max(classes, 2))
        curvature = share * (1 - share)
        (self.classes, self.width, self.backend) = (classes, width, backend)
        let matrix = gram.map { $0 * (share * (1 - share)) }
        let trace = (0..<width).reduce(0) { $0 + matrix[$1 * width + $1] }
        // The products are summed in fp32: a smaller pivot would be their rounding.
        let least = 1e-7 * max(trace, curvature)
        var ridge = max(ridge, least)
        var factor = Self.cholesky(matrix, width: width, ridge: ridge)
        while factor == nil, ridge.isFinite {
            ridge *= 10
            factor = Self.cholesky(matrix, width: width, ridge: ridge)
        }
        self.factor = factor ?? Self.identity(width)
    }

    /// The matrix times a vector of weights [classes, width] and biases [classes].
    func apply(_ vector: [Double]) -> [Double] {
        let rows = Mutex<[[Double]]>(Array(repeating: [], count: classes))
        backend.forEach(classes) { row, _ in
            let solution = solve(Array(vector[row * width..<(row + 1) * width]))
            rows.withLock { $0[row] = solution }
        }
        return rows.withLock { $0 }.flatMap(\.self) + vector[(classes * width)...].map { $0 / curvature }
    }

    /// x with factor · factorᵀ · x = b.
    private func solve(_ b: [Double]) -> [Double] {
        var x = b
        for row in 0..<width {
            x[row] = (x[row] - Self.dot(factor, row * width, x, 0, row)) / factor[row * width + row]
        }
        for row in (0..<width).reversed() {
            let value = x[row] / factor[row * width + row]
            x[row] = value
            for column in 0..<row { x[column] -= value * factor[row * width + column] }
        }
        return x
    }

    /// Nil where a pivot is not positive.
    private static func cholesky(_ matrix: [Double], width: Int, ridge: Double) -> [Double]? {
        var factor = [Double](repeating: 0, count: width * width)
        for row in 0..<width {
            for column in 0...row {
                let sum = dot(factor, row * width, factor, column * width, column)
                let rest = matrix[row * width + column] - sum
                if row == column {
                    let pivot = rest + ridge
                    guard pivot > 0, pivot.isFinite else { return nil }
                    factor[row * width + row] = pivot.squareRoot()
                } else {
                    factor[row * width + column] = rest / factor[column * width + column]
                }
            }
        }
        return factor
    }

    private static func identity(_ width: Int) -> [Double] {
        (0..<width * width).map { $0 % (width + 1) == 0 ? 1 : 0 }
    }

    /// In a fixed order of eight sums.
    private static func dot(
        _ left: [Double], _ leftStart: Int, _ right: [Double], _ rightStart: Int, _ count: Int
    ) -> Double {
        var lanes = SIMD8<Double>()
        var index = 0
        while index + 8 <= count {
            for lane in 0..<8 { lanes[lane] += left[leftStart + index + lane] * right[rightStart + index + lane] }
            index += 8
        }
        var sum = lanes.sum()
        while index < count {
            sum += left[leftStart + index] * right[rightStart + index]
            index += 1
        }
        return sum
    }
}
