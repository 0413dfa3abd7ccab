import MawsTensor

/// How fast `function` changes when `x` moves along `direction`, by a central difference of step ± `step` in Double.
/// Leaves `x` as it was.
package func directionalDerivative(
    of function: () throws -> Double, at x: FloatSlice, along direction: [Float], step: Float = 1e-2
) rethrows -> Double {
    let start = x.array
    defer { x.copy(from: start) }
    func move(_ factor: Float) throws -> Double {
        x.copy(from: zip(start, direction).map { $0 + factor * $1 })
        return try function()
    }
    let difference = try move(step) - move(-step)
    return difference / (2 * Double(step))
}

/// Σ a · b in Double.
package func innerProduct(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
}

/// `values` scaled to length 1: along a gradient's own direction the slope is the gradient's length, so that a wrong
/// element or sign shows while the noise of fp32 stays small against the change.
package func unitDirection(_ values: [Float]) -> [Float] {
    let length = innerProduct(values, values).squareRoot()
    return values.map { Float(Double($0) / length) }
}
