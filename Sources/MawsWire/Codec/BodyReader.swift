/// Takes fields from a message body. Every length is checked against the bytes that are left before it is used.
struct BodyReader {
    let kind: MessageKind
    private let bytes: [UInt8]
    private var position = 0

    init(kind: MessageKind, bytes: [UInt8]) {
        self.kind = kind
        self.bytes = bytes
    }

    private var remaining: Int { bytes.count - position }

    /// Throws unless the body ends here.
    func finish() throws(WireError) {
        guard remaining == 0 else { throw .trailingBytes(kind: kind, bytes: remaining) }
    }

    func badField(_ field: String, _ reason: String) -> WireError {
        .badField(kind: kind, field: field, reason: reason)
    }

    mutating func number<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type = Number.self)
        throws(WireError) -> Number
    {
        let start = try take(Number.bitWidth / 8)
        return Number(littleEndian: bytes.span.bytes.unsafeLoadUnaligned(fromByteOffset: start, as: Number.self))
    }

    mutating func value<Value: WireValue>(_ type: Value.Type = Value.self) throws(WireError) -> Value {
        try Value(from: &self)
    }

    mutating func byteArray() throws(WireError) -> [UInt8] {
        let count = Int(try number(UInt32.self))
        let start = try take(count)
        return Array(bytes[start..<start + count])
    }

    mutating func array<Value: WireValue>(_ type: Value.Type = Value.self) throws(WireError) -> [Value] {
        let count = Int(try number(UInt32.self))
        let needed = count * Value.minimumByteCount
        guard needed <= remaining else {
            throw .truncated(kind: kind, neededBytes: needed, remainingBytes: remaining)
        }
        var values: [Value] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(try value()) }
        return values
    }

    mutating func optional<Value: WireValue>(_ type: Value.Type = Value.self) throws(WireError) -> Value? {
        try value(Bool.self) ? try value() : nil
    }

    /// A number that is a count or a size here; `field` names it when it is out of range.
    mutating func size(_ field: String, atMost limit: UInt64 = 1 << 40) throws(WireError) -> Int {
        let size = try number(UInt64.self)
        guard size <= limit else { throw badField(field, "is \(size), above \(limit)") }
        return Int(size)
    }

    private mutating func take(_ count: Int) throws(WireError) -> Int {
        guard count <= remaining else {
            throw .truncated(kind: kind, neededBytes: count, remainingBytes: remaining)
        }
        defer { position += count }
        return position
    }
}
