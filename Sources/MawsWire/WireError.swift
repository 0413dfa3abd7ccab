/// Why bytes are not a frame or a message. Every malformed input ends in one of these, never in a trap.
package enum WireError: Error, Hashable, CustomStringConvertible {
    case badMagic(found: UInt32)
    case otherVersion(theirs: UInt16, ours: UInt16)
    case badHeaderChecksum(found: UInt32, computed: UInt32)
    case badFlags(UInt8)
    case unknownKind(UInt8)
    case bodyTooLarge(kind: MessageKind, bytes: UInt64, limit: Int)
    case payloadTooLarge(kind: MessageKind, bytes: UInt64, limit: Int)
    /// A kind that is for others to send, or for later.
    case notAllowed(kind: MessageKind, sender: String)
    case flood(sender: String, messagesPerSecond: Int)
    case truncated(kind: MessageKind, neededBytes: Int, remainingBytes: Int)
    case trailingBytes(kind: MessageKind, bytes: Int)
    case badField(kind: MessageKind, field: String, reason: String)

    package var description: String {
        switch self {
        case .badMagic(let found):
            "a frame starts with 0x\(String(found, radix: 16)) and not with MAWS; the peer speaks another protocol"
        case .otherVersion(let theirs, let ours):
            "the peer speaks protocol version \(theirs), this process version \(ours); run one version of maws "
                + "everywhere"
        case .badHeaderChecksum(let found, let computed):
            "a frame's header has the checksum \(found) but its bytes give \(computed); the header is damaged"
        case .badFlags(let flags):
            "a frame has the flags \(flags), which this version does not define"
        case .unknownKind(let kind):
            "a frame is of kind \(kind), which this version does not know"
        case .bodyTooLarge(let kind, let bytes, let limit):
            "the body of \(kind) is \(bytes) bytes, above its limit of \(limit)"
        case .payloadTooLarge(let kind, let bytes, let limit):
            "the payload of \(kind) is \(bytes) bytes, above its limit of \(limit)"
        case .notAllowed(let kind, let sender):
            "\(sender) may not send \(kind)"
        case .flood(let sender, let count):
            "\(sender) may send \(count) messages a second, and more came"
        case .truncated(let kind, let needed, let remaining):
            "the body of \(kind) ends early: \(needed) bytes needed, \(remaining) left"
        case .trailingBytes(let kind, let bytes):
            "the body of \(kind) has \(bytes) bytes after its last field"
        case .badField(let kind, let field, let reason):
            "the \(field) in \(kind) \(reason)"
        }
    }
}
