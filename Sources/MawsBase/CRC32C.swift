import CChecksum

/// CRC-32C (Castagnoli), as iSCSI, ext4 and TFRecord use it: polynomial 0x1EDC6F41 reflected, initial value and final
/// exclusive-or of all ones. Bytes go through the instructions that this processor is fastest with.
package struct CRC32C: Sendable {
    private var state: UInt32 = .max

    package init() {}

    /// The checksum of everything added so far.
    package var value: UInt32 { ~state }

    /// The checksum of these bytes alone.
    package static func checksum(_ bytes: RawSpan) -> UInt32 {
        var checksum = CRC32C()
        checksum.add(bytes)
        return checksum.value
    }

    package static func checksum(_ bytes: [UInt8]) -> UInt32 { checksum(bytes.span.bytes) }

    package mutating func add(_ bytes: RawSpan) {
        state = bytes.withUnsafeBytes { maws_crc32c_add(state, $0.baseAddress, $0.count) }
    }
}
