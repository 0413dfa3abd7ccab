/// How the elements of a tensor lie in a payload.
package enum TensorEncoding: UInt8, Hashable, CaseIterable, Sendable {
    /// Little-endian IEEE 754 single precision, element after element.
    case fp32 = 0
    /// The same numbers, split into byte planes that are compressed one by one. Lossless.
    case fp32Zstd = 1
    /// The runs of numbers that are not zero: gradients of embedding tables. Lossless.
    case fp32Runs = 2
}
