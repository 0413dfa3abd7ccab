package enum CompressionError: Error, Hashable, CustomStringConvertible {
    /// The payload does not hold as many bytes as the tensor needs.
    case wrongSize(expectedBytes: Int, foundBytes: Int)
    case damaged(reason: String)

    package var description: String {
        switch self {
        case .wrongSize(let expected, let found):
            "the payload holds \(found) bytes of tensor where \(expected) are expected; both sides must use one plan"
        case .damaged(let reason):
            "the payload is damaged (\(reason)); the sender must send it again"
        }
    }
}
