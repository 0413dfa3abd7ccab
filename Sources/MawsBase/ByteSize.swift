/// A number of bytes as people write it: `512M`, `8G`, a plain number of bytes; K, M, G and T are powers of 1,024.
public struct ByteSize: Hashable, Sendable, CustomStringConvertible {
    public var bytes: Int

    public init(bytes: Int) { self.bytes = bytes }

    /// Nil where the text is no size above 0 or does not fit an Int.
    public init?(text: String) {
        let shifts: [Character: Int] = ["K": 10, "M": 20, "G": 30, "T": 40]
        let shift = text.last.flatMap { shifts[$0] }
        guard let count = Int(shift == nil ? text[...] : text.dropLast()), count > 0 else { return nil }
        let (bytes, isTooLarge) = count.multipliedReportingOverflow(by: 1 << (shift ?? 0))
        if isTooLarge { return nil }
        self.bytes = bytes
    }

    /// In the largest unit that gives at least 10, `1536M` for instance, rounded up.
    public var description: String {
        for (unit, shift) in [("T", 40), ("G", 30), ("M", 20), ("K", 10)] where bytes >= 10 << shift {
            return "\((bytes + (1 << shift) - 1) >> shift)\(unit)"
        }
        return "\(bytes)"
    }
}
