import CChecksum
import MawsBase
import Testing

struct CRC32CTests {
    /// The check value of the CRC catalogue, and the test vectors of RFC 3720, appendix B.4.
    @Test(
        arguments: [
            (Array("123456789".utf8), 0xE306_9283),
            ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
            ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
            (Array(0..<32), 0x46DD_794E),
            ([], 0),
        ] as [([UInt8], UInt32)])
    func knownAnswersHold(bytes: [UInt8], checksum: UInt32) {
        #expect(CRC32C.checksum(bytes) == checksum)
    }

    /// Lengths on both sides of what goes through products or several streams at once, at every alignment.
    @Test func theProcessorsInstructionsGiveWhatTablesGive() {
        let bytes = (0..<20_000).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) }
        for count in [
            0, 1, 7, 8, 9, 511, 512, 513, 767, 768, 769, 4095, 4096, 4097, 8191, 8192, 12_288, 16_384, 19_990,
        ] {
            for start in 0..<8 {
                bytes.withUnsafeBytes { bytes in
                    let part = UnsafeRawBufferPointer(rebasing: bytes[start..<start + count])
                    let found = maws_crc32c_add(.max, part.baseAddress, count)
                    #expect(found == maws_crc32c_add_portably(.max, part.baseAddress, count))
                    #expect(found == maws_crc32c_add_by_instruction(.max, part.baseAddress, count))
                    #expect(~found == CRC32C.checksum(part.bytes))
                }
            }
        }
    }

    @Test func piecesGiveTheChecksumOfTheWhole() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        for cut in [0, 1, 7, 8, 9, 500, 999, 1000] {
            var checksum = CRC32C()
            checksum.add(bytes.span.bytes.extracting(0..<cut))
            checksum.add(bytes.span.bytes.extracting(cut..<1000))
            #expect(checksum.value == CRC32C.checksum(bytes))
        }
    }
}
