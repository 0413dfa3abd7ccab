import MawsBase
import MawsWire
import Testing

struct FrameHeaderTests {
    private let header = try! FrameHeader(kind: .push, bodyCount: 33, payloadCount: 1 << 20)

    @Test func aHeaderSurvivesTheWay() throws {
        #expect(header.bytes.count == FrameHeader.byteCount)
        #expect(try FrameHeader(bytes: header.bytes) == header)
    }

    @Test func everyChangedBitIsNoticed() {
        for bit in 0..<8 * FrameHeader.byteCount {
            var bytes = header.bytes
            bytes[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: WireError.self) { try FrameHeader(bytes: bytes) }
        }
    }

    @Test func anotherProtocolIsNamed() {
        #expect(throws: WireError.badMagic(found: 0x2054_4547)) {
            try FrameHeader(bytes: Array("GET / HTTP/1.1\r\nHost: ma".utf8))
        }
    }

    @Test func anotherVersionIsNamedWhateverFollows() {
        var bytes = header.bytes
        bytes[4] = 1
        #expect(throws: WireError.otherVersion(theirs: 1, ours: FrameHeader.protocolVersion)) {
            try FrameHeader(bytes: bytes)
        }
    }

    @Test func anUnknownKindIsNamed() {
        #expect(throws: WireError.unknownKind(200)) { try FrameHeader(bytes: resealed { $0[6] = 200 }) }
    }

    @Test func undefinedFlagsAreRefused() {
        #expect(throws: WireError.badFlags(1)) { try FrameHeader(bytes: resealed { $0[7] = 1 }) }
    }

    @Test func aPayloadAboveTheLimitIsRefused() {
        #expect(throws: WireError.payloadTooLarge(kind: .push, bytes: 1 << 63 | 1 << 20, limit: 2 << 30)) {
            try FrameHeader(bytes: resealed { $0[19] = 0x80 })
        }
    }

    @Test func limitsHoldForTheSenderToo() {
        #expect(throws: WireError.payloadTooLarge(kind: .flush, bytes: 1, limit: 0)) {
            try FrameHeader(kind: .flush, bodyCount: 0, payloadCount: 1)
        }
        #expect(throws: WireError.bodyTooLarge(kind: .welcome, bytes: (64 << 20) + 1, limit: 64 << 20)) {
            try FrameHeader(kind: .welcome, bodyCount: (64 << 20) + 1, payloadCount: 0)
        }
    }

    private func resealed(_ change: (inout [UInt8]) -> Void) -> [UInt8] {
        var bytes = header.bytes
        change(&bytes)
        let checksum = CRC32C.checksum(Array(bytes.prefix(20)))
        for index in 0..<4 { bytes[20 + index] = UInt8(truncatingIfNeeded: checksum >> (8 * UInt32(index))) }
        return bytes
    }
}
