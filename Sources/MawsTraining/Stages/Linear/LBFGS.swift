/// Limited-memory BFGS (Nocedal and Wright, algorithm 7.5) with a backtracking line search, for smooth convex
/// functions. Deterministic.
struct LBFGS {
    /// Pairs of steps and gradient differences remembered.
    var memory = 10
    var iterationsMax: Int
    /// Stops when no element of the gradient is larger.
    var gradientTolerance = 1e-6
    /// Error of the function's value, of which a mean of logarithms of fp32 probabilities has this much however small
    /// it is: smaller rises do not count as rises.
    var valueNoise = 1e-7

    struct Minimum {
        var point: [Double]
        var value: Double
        /// The largest element of the gradient there.
        var gradientMax: Double
        var iterations: Int
    }

    private struct Pair {
        var step: [Double]
        var difference: [Double]
        /// 1 / (step · difference).
        var reciprocal: Double
        /// The factor on the preconditioner that makes it the inverse Hessian along the step.
        var scale: Double
    }

    /// - Parameter precondition: a fixed positive definite matrix, near the inverse Hessian, times a vector.
    func minimise(
        from start: [Double], precondition: ([Double]) -> [Double],
        _ function: ([Double]) -> (value: Double, gradient: [Double])
    ) -> Minimum {
        var point = start
        var (value, gradient) = function(point)
        var pairs: [Pair] = []
        var iterations = 0
        while iterations < iterationsMax, !(largest(gradient) <= gradientTolerance) {
            let direction = direction(gradient, pairs, precondition)
            guard let next = search(point, value, gradient, direction, function) else {
                // A remembered curvature spoilt by rounding: once more along the gradient, else no step leads down.
                if pairs.isEmpty { break }
                pairs = []
                continue
            }
            let step = zip(next.point, point).map { $0 - $1 }
            let difference = zip(next.gradient, gradient).map { $0 - $1 }
            let curvature = dot(step, difference)
            if curvature > 1e-12 * dot(difference, difference) {
                pairs.append(
                    Pair(
                        step: step, difference: difference, reciprocal: 1 / curvature,
                        scale: curvature / dot(difference, precondition(difference))))
                if pairs.count > memory { pairs.removeFirst() }
            }
            (point, value, gradient) = next
            iterations += 1
        }
        return Minimum(point: point, value: value, gradientMax: largest(gradient), iterations: iterations)
    }

    /// The two-loop recursion: minus the approximate inverse Hessian times the gradient.
    private func direction(
        _ gradient: [Double], _ pairs: [Pair], _ precondition: ([Double]) -> [Double]
    ) -> [Double] {
        var result = gradient.map { -$0 }
        var factors: [Double] = []
        for pair in pairs.reversed() {
            let factor = pair.reciprocal * dot(pair.step, result)
            add(&result, pair.difference, -factor)
            factors.append(factor)
        }
        let scale = pairs.last?.scale ?? 1
        result = precondition(result).map { $0 * scale }
        for (pair, factor) in zip(pairs, factors.reversed()) {
            add(&result, pair.step, factor - pair.reciprocal * dot(pair.difference, result))
        }
        return result
    }

    /// Halves the step until the value falls as far as a line of a ten-thousandth of the slope (Armijo).
    private func search(
        _ point: [Double], _ value: Double, _ gradient: [Double], _ direction: [Double],
        _ function: ([Double]) -> (value: Double, gradient: [Double])
    ) -> (point: [Double], value: Double, gradient: [Double])? {
        let slope = dot(gradient, direction)
        guard slope < 0 else { return nil }
        var length = 1.0
        for _ in 0..<30 {
            var candidate = point
            add(&candidate, direction, length)
            let next = function(candidate)
            if next.value <= value + 1e-4 * length * slope + valueNoise * max(1, abs(value)) {
                return (candidate, next.value, next.gradient)
            }
            length /= 2
        }
        return nil
    }

    /// NaN where an element is.
    private func largest(_ values: [Double]) -> Double {
        values.reduce(0) { abs($1) > $0 || $1.isNaN ? abs($1) : $0 }
    }

    private func dot(_ left: [Double], _ right: [Double]) -> Double { zip(left, right).reduce(0) { $0 + $1.0 * $1.1 } }

    private func add(_ values: inout [Double], _ other: [Double], _ factor: Double) {
        for index in values.indices { values[index] += factor * other[index] }
    }
}
