/// Limited-memory BFGS (Nocedal and Wright, algorithm 7.5) with a backtracking line search, for smooth convex
/// functions. Deterministic.
struct LBFGS {
    /// Pairs of steps and gradient differences remembered.
    var memory = 10
    var iterationsMax = 500
    /// Stops when no element of the gradient is larger.
    var gradientTolerance = 1e-6
    /// Relative error of the function's value, which is summed in fp32: smaller rises do not count as rises.
    var valueNoise = 1e-7

    private struct Pair {
        var step: [Double]
        var difference: [Double]
        /// 1 / (step · difference).
        var reciprocal: Double
    }

    func minimise(
        from start: [Double], _ function: ([Double]) -> (value: Double, gradient: [Double])
    ) -> [Double] {
        var point = start
        var (value, gradient) = function(point)
        var pairs: [Pair] = []
        for _ in 0..<iterationsMax {
            guard gradient.contains(where: { abs($0) > gradientTolerance }) else { break }
            let direction = direction(gradient, pairs)
            let first = pairs.isEmpty ? min(1, 1 / norm(gradient)) : 1
            guard let next = search(point, value, gradient, direction, first, function) else {
                // A remembered curvature spoilt by rounding: once more along the gradient, else this is the minimum.
                if pairs.isEmpty { return point }
                pairs = []
                continue
            }
            let step = zip(next.point, point).map { $0 - $1 }
            let difference = zip(next.gradient, gradient).map { $0 - $1 }
            let curvature = dot(step, difference)
            if curvature > 1e-12 * dot(difference, difference) {
                pairs.append(Pair(step: step, difference: difference, reciprocal: 1 / curvature))
                if pairs.count > memory { pairs.removeFirst() }
            }
            (point, value, gradient) = next
        }
        return point
    }

    /// The two-loop recursion: minus the approximate inverse Hessian times the gradient.
    private func direction(_ gradient: [Double], _ pairs: [Pair]) -> [Double] {
        var result = gradient.map { -$0 }
        var factors: [Double] = []
        for pair in pairs.reversed() {
            let factor = pair.reciprocal * dot(pair.step, result)
            add(&result, pair.difference, -factor)
            factors.append(factor)
        }
        if let last = pairs.last {
            let scale = 1 / (last.reciprocal * dot(last.difference, last.difference))
            for index in result.indices { result[index] *= scale }
        }
        for (pair, factor) in zip(pairs, factors.reversed()) {
            add(&result, pair.step, factor - pair.reciprocal * dot(pair.difference, result))
        }
        return result
    }

    /// Halves the step until the value falls as far as a line of a ten-thousandth of the slope (Armijo).
    private func search(
        _ point: [Double], _ value: Double, _ gradient: [Double], _ direction: [Double], _ first: Double,
        _ function: ([Double]) -> (value: Double, gradient: [Double])
    ) -> (point: [Double], value: Double, gradient: [Double])? {
        let slope = dot(gradient, direction)
        guard slope < 0 else { return nil }
        var length = first
        for _ in 0..<30 {
            var candidate = point
            add(&candidate, direction, length)
            let next = function(candidate)
            if next.value <= value + 1e-4 * length * slope + valueNoise * abs(value) {
                return (candidate, next.value, next.gradient)
            }
            length /= 2
        }
        return nil
    }

    private func dot(_ left: [Double], _ right: [Double]) -> Double { zip(left, right).reduce(0) { $0 + $1.0 * $1.1 } }

    private func norm(_ values: [Double]) -> Double { dot(values, values).squareRoot() }

    private func add(_ values: inout [Double], _ other: [Double], _ factor: Double) {
        for index in values.indices { values[index] += factor * other[index] }
    }
}
