/// A number of bytes as people write it: `512M`, `8G`, `8GiB`; K, M, G and T are powers of 1,024. A plain number counts
/// bytes and is a mebibyte at least: whoever writes a smaller one means another unit.
package struct ByteSize: Hashable, Sendable, CustomStringConvertible {
    package var bytes: Int

    package init(bytes: Int) { self.bytes = bytes }

    /// What an error says should have been there.
    package static let expected = "a size with its unit, such as `8G` or `512M`"
    private static let plainMin = 1 << 20

    /// Nil where the text is no size above 0, a small number without a unit, or does not fit an Int.
    package init?(text: String) {
        let shifts: [Character: Int] = ["K": 10, "M": 20, "G": 30, "T": 40]
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count).uppercased()
        let shift = unit.first.flatMap { shifts[$0] }
        guard let count = Int(digits), count > 0, unit.isEmpty || unit.count == 1 || unit.hasSuffix("IB"),
            unit.count <= 3, unit.isEmpty == (shift == nil), shift != nil || count >= Self.plainMin
        else { return nil }
        let (bytes, isTooLarge) = count.multipliedReportingOverflow(by: 1 << (shift ?? 0))
        if isTooLarge { return nil }
        self.bytes = bytes
    }

    /// In the largest unit that gives at least 10, `1536M` for instance, rounded up.
    package var description: String {
        for (unit, shift) in [("T", 40), ("G", 30), ("M", 20), ("K", 10)] where bytes >= 10 << shift {
            return "\((bytes + (1 << shift) - 1) >> shift)\(unit)"
        }
        return "\(bytes)"
    }
}
