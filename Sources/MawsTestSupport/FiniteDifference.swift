import MawsTensor

/// How fast `function` changes when `x` moves along `direction`, by a central difference of step ± `step` in Double.
/// Leaves `x` as it was.
public func directionalDerivative(
    of function: () -> Double, at x: FloatSlice, along direction: [Float], step: Float = 1e-2
) -> Double {
    let start = x.array
    func move(_ factor: Float) -> Double {
        x.copy(from: zip(start, direction).map { $0 + factor * $1 })
        return function()
    }
    let difference = move(step) - move(-step)
    x.copy(from: start)
    return difference / (2 * Double(step))
}

/// Σ a · b in Double.
public func innerProduct(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
}
