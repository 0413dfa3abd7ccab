import MawsBase

/// The fixed start of every frame: what follows, and how much of it.
///
/// `magic "MAWS" | version u16 | kind u8 | flags u8 | body bytes u32 | payload bytes u64 | CRC-32C of the 20 bytes
/// before`
package struct FrameHeader: Hashable, Sendable {
    package static let byteCount = 24
    package static let protocolVersion = UInt16(ProtocolVersion.current)
    /// "MAWS" read as a little-endian number.
    private static let magic: UInt32 = 0x5357_414D
    private static let checkedCount = 20

    package let kind: MessageKind
    package let bodyCount: Int
    package let payloadCount: Int

    /// Throws when the body or payload is larger than the kind allows.
    package init(kind: MessageKind, bodyCount: Int, payloadCount: Int) throws(WireError) {
        try Self.check(kind: kind, body: UInt64(bodyCount), payload: UInt64(payloadCount))
        self.kind = kind
        self.bodyCount = bodyCount
        self.payloadCount = payloadCount
    }

    /// Reads a header; all limits are checked here, before anyone allocates for what it announces.
    ///
    /// - Parameter bytes: exactly `byteCount` bytes.
    package init(bytes: [UInt8]) throws(WireError) {
        precondition(bytes.count == Self.byteCount)
        let magic: UInt32 = Self.load(bytes, at: 0)
        guard magic == Self.magic else { throw .badMagic(found: magic) }
        let version: UInt16 = Self.load(bytes, at: 4)
        guard version == Self.protocolVersion else { throw .otherVersion(theirs: version, ours: Self.protocolVersion) }
        let found: UInt32 = Self.load(bytes, at: Self.checkedCount)
        let computed = CRC32C.checksum(bytes.span.bytes.extracting(0..<Self.checkedCount))
        guard found == computed else { throw .badHeaderChecksum(found: found, computed: computed) }
        guard let kind = MessageKind(rawValue: bytes[6]) else { throw .unknownKind(bytes[6]) }
        guard bytes[7] == 0 else { throw .badFlags(bytes[7]) }
        let body: UInt32 = Self.load(bytes, at: 8)
        let payload: UInt64 = Self.load(bytes, at: 12)
        try Self.check(kind: kind, body: UInt64(body), payload: payload)
        self.kind = kind
        bodyCount = Int(body)
        payloadCount = Int(payload)
    }

    package var bytes: [UInt8] {
        var writer = BodyWriter(capacity: Self.byteCount)
        writer.write(Self.magic)
        writer.write(Self.protocolVersion)
        writer.write(kind.rawValue)
        writer.write(UInt8(0))
        writer.write(UInt32(bodyCount))
        writer.write(UInt64(payloadCount))
        writer.write(CRC32C.checksum(writer.bytes))
        return writer.bytes
    }

    /// Throws unless the budget allows a peer to send this now.
    package func check(_ budget: MessageBudget) throws(WireError) {
        guard let limit = budget.bodyBytesMax[kind] else { throw .notAllowed(kind: kind, sender: budget.sender) }
        guard bodyCount <= limit else { throw .bodyTooLarge(kind: kind, bytes: UInt64(bodyCount), limit: limit) }
    }

    private static func check(kind: MessageKind, body: UInt64, payload: UInt64) throws(WireError) {
        guard body <= UInt64(kind.bodyLimit) else {
            throw .bodyTooLarge(kind: kind, bytes: body, limit: kind.bodyLimit)
        }
        guard payload <= UInt64(kind.payloadLimit) else {
            throw .payloadTooLarge(kind: kind, bytes: payload, limit: kind.payloadLimit)
        }
    }

    private static func load<Number: FixedWidthInteger & BitwiseCopyable>(_ bytes: [UInt8], at offset: Int) -> Number {
        Number(littleEndian: bytes.span.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}
