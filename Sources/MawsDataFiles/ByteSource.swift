/// A file that can be read at any place, wherever it lies.
package protocol ByteSource: Sendable {
    /// As the plan writes it, for messages.
    var path: String { get }
    var size: UInt64 { get }
    /// Exactly `count` bytes from `offset`; the caller has checked the range against `size`.
    func read(offset: UInt64, count: Int) throws -> [UInt8]
    /// Throws away copies of these bytes that may be bad, so that the next read brings fresh ones.
    func forget(offset: UInt64, count: Int)
}

extension InputFile: ByteSource {
    package func forget(offset: UInt64, count: Int) {}
}
