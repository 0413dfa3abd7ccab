import MawsBase

/// exp, log, cosine and sine from additions and multiplications alone: the C library picks code by processor and its
/// last bit differs, which could move a crop by a pixel between machines.
package enum PortableMath {
    /// Accurate to about 1e-13 relative for |x| below 20.
    package static func exp(_ x: Double) -> Double {
        let reduced = x / 256
        var term = 1.0
        var sum = 1.0
        for index in 1...10 {
            term *= reduced / Double(index)
            sum += term
        }
        for _ in 0..<8 { sum *= sum }
        return sum
    }

    /// Newton's method on `exp`, for y in about 1e-6...1e6.
    package static func log(_ y: Double) -> Double {
        var guess = 0.0
        for _ in 0..<60 { guess += max(-1, min(1, y * exp(-guess) - 1)) }
        return guess
    }

    /// Accurate to about 1e-15 for |x| below 4.
    package static func cosineAndSine(_ x: Double) -> (cosine: Double, sine: Double) {
        var (cosine, sine, term) = (0.0, 0.0, 1.0)
        for index in stride(from: 0.0, to: 32, by: 2) {
            let sign = index.truncatingRemainder(dividingBy: 4) == 0 ? 1.0 : -1.0
            cosine += sign * term
            term *= x / (index + 1)
            sine += sign * term
            term *= x / (index + 2)
        }
        return (cosine, sine)
    }
}

extension CounterRandom {
    /// Uniform from the lower bound up to the upper one.
    package mutating func uniform(in range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * uniformDouble()
    }
}
