/// How far bfloat16 may take a tensor from what fp32 makes of it.
///
/// A bfloat16 has 8 significant bits, so rounding to the nearest moves a value by at most u = 2⁻⁸ of it. An error that
/// is anywhere in ±u alike has the deviation u / √3, and errors of different roundings are independent of each other,
/// so that they add in squares: behind k roundings one after the other the norm of a tensor is off by no more than
/// √k · u / √3 of it. (Less in truth: values lie between powers of two, where the same step is up to half as much of
/// them.) Sums, norms, softmax and the residual stream are fp32, whose 2⁻²⁴ does not count.
package enum BFloat16Rounding {
    /// The relative error of one rounding, at most.
    package static let unit = 1.0 / 256

    /// Roundings of a transformer block on the way forward: what norms, attention's projections, GELU and the
    /// mlp's first layer give to a product, its probabilities and its result (7, where queries, keys and values
    /// are one), and the four weights; one more for the keys' and queries' part in the probabilities.
    package static let ofBlock = 12

    package static func bound(roundings: Int) -> Double { (Double(roundings) / 3).squareRoot() * unit }

    /// The bound of values behind `blocks` layers, or of a gradient behind as many forward and backward, with twice as
    /// many products as the way forward.
    package static func bound(blocks: Int, isGradient: Bool = false) -> Double {
        bound(roundings: (isGradient ? 3 : 1) * ofBlock * blocks)
    }
}
