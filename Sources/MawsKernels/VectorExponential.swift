/// exp of eight floats by multiplication and addition alone: equal on every machine, error below 2 units in the last
/// place (Cephes `expf`: range reduction by ln 2, a polynomial of degree 5).
enum VectorExponential {
    /// Arguments below -87.3 give 2^-126, above 88.3 exp(88.3); minus infinity gives 0, and NaN stays NaN.
    @inline(__always)
    static func of(_ x: SIMD8<Float>) -> SIMD8<Float> {
        // Pointwise minima and maxima would give the border for NaN.
        let raised = x.replacing(with: -87.336_54, where: x .< -87.336_54)
        let bounded = raised.replacing(with: 88.3, where: raised .> 88.3)
        // Adding 1.5 · 2^23 rounds to an integer and leaves that integer in the low bits.
        let magic = SIMD8<Float>(repeating: 12_582_912)
        let shifted = bounded * 1.442_695_04 + magic
        let whole = shifted - magic
        let rest = bounded - whole * 0.693_359_375 + whole * 2.121_944_4e-4
        var polynomial = rest * 1.987_569_15e-4 + 1.398_199_950_7e-3
        polynomial = polynomial * rest + 8.333_451_907_3e-3
        polynomial = polynomial * rest + 4.166_579_589_4e-2
        polynomial = polynomial * rest + 1.666_666_545_9e-1
        polynomial = polynomial * rest + 5.000_000_120_1e-1
        let mantissa = polynomial * (rest * rest) + rest + 1
        let bits = unsafeBitCast(shifted, to: SIMD8<Int32>.self) &- unsafeBitCast(magic, to: SIMD8<Int32>.self)
        let power = unsafeBitCast((bits &+ 127) &<< 23, to: SIMD8<Float>.self)
        return (mantissa * power).replacing(with: 0, where: x .== -.infinity)
    }
}
