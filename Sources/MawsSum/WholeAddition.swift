import MawsTensor

/// Adds gradients without gaps, on threads of its own.
package protocol WholeAddition {
    /// sum += other in fp32, element by element; both have the same count.
    func add(_ other: FloatBuffer, into sum: FloatBuffer)
}

/// The same with what a trainer's sums need beside it.
package protocol SpreadMemoryThreads: WholeAddition {
    /// Every element becomes zero.
    func zero(_ x: FloatSlice)
    /// y = x; both have the same count.
    func copy(_ y: FloatSlice, _ x: FloatSlice)
}
