/// The central difference of a function along a gradient's own direction, and the slope the gradient promises there:
/// its length. A wrong element or a wrong sign shows, and fp32 noise is small against the change along that direction.
///
/// - Parameter step: length of the step to either side.
func directionalDerivative(
    _ point: [Float], along gradient: [Float], step: Float, _ function: ([Float]) throws -> Double
) rethrows -> (difference: Double, slope: Double) {
    let length = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    func value(_ distance: Double) throws -> Double {
        try function(zip(point, gradient).map { Float(Double($0) + distance * Double($1) / length) })
    }
    let distance = Double(step)
    return ((try value(distance) - value(-distance)) / (2 * distance), length)
}
