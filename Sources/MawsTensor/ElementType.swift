/// How the elements of an activation lie in memory. Arithmetic is fp32 with either.
package enum ElementType: Sendable {
    case float32
    /// The upper half of an fp32, rounded to nearest, ties to even.
    case bfloat16

    package var byteCount: Int { self == .float32 ? 4 : 2 }
}
