/// exp, log, cosine and sine from additions and multiplications alone: the C library picks code by processor and its
/// last bit differs, which could move a crop by a pixel between machines, or an initial weight.
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

    /// Natural logarithm of a positive number, accurate to a few units of 1e-15.
    package static func log(_ value: Double) -> Double {
        var mantissa = value.significand
        var exponent = Double(value.exponent)
        if mantissa > 1.414_213_562_373_095 {
            mantissa /= 2
            exponent += 1
        }
        // log m = 2 artanh(s) with s = (m - 1) / (m + 1), |s| < 0.1716.
        let s = (mantissa - 1) / (mantissa + 1)
        let square = s * s
        var sum = 0.0
        for denominator in stride(from: 21.0, through: 1, by: -2) { sum = sum * square + 1 / denominator }
        return 2 * s * sum + exponent * 0.693_147_180_559_945_3
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
