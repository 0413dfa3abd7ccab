/// CRC-32C (Castagnoli), as iSCSI, ext4 and TFRecord use it: polynomial 0x1EDC6F41 reflected, initial value and final
/// exclusive-or of all ones. Eight bytes a round ("slicing by 8", Kounavis and Berry, 2005).
public struct CRC32C: Sendable {
    private var state: UInt32 = .max

    public init() {}

    /// The checksum of everything added so far.
    public var value: UInt32 { ~state }

    /// The checksum of these bytes alone.
    public static func checksum(_ bytes: RawSpan) -> UInt32 {
        var checksum = CRC32C()
        checksum.add(bytes)
        return checksum.value
    }

    public static func checksum(_ bytes: [UInt8]) -> UInt32 { checksum(bytes.span.bytes) }

    public mutating func add(_ bytes: RawSpan) {
        var state = state
        let whole = bytes.byteCount & ~7
        for offset in stride(from: 0, to: whole, by: 8) {
            let word = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let mixed = UInt64(littleEndian: word) ^ UInt64(state)
            state = Self.fold(mixed)
        }
        for offset in whole..<bytes.byteCount {
            let byte = UInt32(bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
            state = tables[Int((state ^ byte) & 0xFF)] ^ (state >> 8)
        }
        self.state = state
    }

    private static func fold(_ word: UInt64) -> UInt32 {
        var folded: UInt32 = 0
        for lane in 0..<8 {
            let byte = Int(truncatingIfNeeded: word >> (8 * UInt64(lane))) & 0xFF
            folded ^= tables[(7 - lane) << 8 | byte]
        }
        return folded
    }
}

/// Table *k* at 256 k: the checksum of a byte followed by *k* zero bytes.
private let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
        var state = UInt32(byte)
        for _ in 0..<8 { state = state & 1 == 1 ? (state >> 1) ^ 0x82F6_3B78 : state >> 1 }
        tables[byte] = state
    }
    for index in 256..<tables.count {
        let previous = tables[index - 256]
        tables[index] = tables[Int(previous & 0xFF)] ^ (previous >> 8)
    }
    return tables
}()
