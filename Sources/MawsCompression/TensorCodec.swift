import MawsBase

/// Turns tensors into payload bytes and back, bit for bit.
public enum TensorCodec {
    /// - Parameter tensor: little-endian fp32, a multiple of 4 bytes.
    public static func encode(_ tensor: UnsafeRawBufferPointer, as encoding: TensorEncoding) -> [UInt8] {
        fatalError("filled in by the next commit")
    }

    /// Fills `tensor` exactly, or throws: a payload of any other size, or one that is damaged, is refused.
    public static func decode(
        _ payload: UnsafeRawBufferPointer, as encoding: TensorEncoding, into tensor: UnsafeMutableRawBufferPointer
    ) throws(CompressionError) {
        fatalError("filled in by the next commit")
    }

    /// The most bytes `encode` makes of a tensor of `tensorBytes`: receivers check a payload's size against it before
    /// they allocate.
    public static func payloadLimit(tensorBytes: Int, encoding: TensorEncoding) -> Int {
        fatalError("filled in by the next commit")
    }
}

public enum CompressionError: Error, Hashable, CustomStringConvertible {
    /// The payload does not hold as many bytes as the tensor needs.
    case wrongSize(expectedBytes: Int, foundBytes: Int)
    case damaged(reason: String)

    public var description: String {
        switch self {
        case .wrongSize(let expected, let found):
            "the payload holds \(found) bytes of tensor where \(expected) are expected; both sides must use one plan"
        case .damaged(let reason):
            "the payload is damaged (\(reason)); the sender must send it again"
        }
    }
}
