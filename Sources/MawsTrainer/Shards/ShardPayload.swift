import MawsBase
import MawsCompression
import MawsProtocol
import MawsTensor
import MawsWire

/// What a request sends behind its message, or where its answer's payload goes. A thread that works on it keeps it, so
/// that a request that is forgotten meanwhile harms nobody.
enum ShardPayload: Sendable {
    case none
    /// Sent, and given back to these buffers.
    case copy(FloatBuffer, TensorEncoding, StagingBuffers?)
    /// Sent as it is.
    case bytes([UInt8])
    /// Elements of a block that is gathered.
    case slice(FloatBuffer, Range<Int>)
    case rows(RowCollection)

    func send(_ message: Message, on connection: any ShardConnection) throws {
        switch self {
        case .none, .slice, .rows: try connection.send(message, payload: .init(start: nil, count: 0))
        case .bytes(let bytes): try bytes.withUnsafeBytes { try connection.send(message, payload: $0) }
        case .copy(let buffer, let encoding, _):
            try withExtendedLifetime(buffer) {
                let raw = UnsafeRawBufferPointer(buffer.bytes)
                guard encoding != .fp32 else { return try connection.send(message, payload: raw) }
                let bytes = TensorCodec.encode(raw, as: encoding)
                try bytes.withUnsafeBytes { try connection.send(message, payload: $0) }
            }
        }
    }

    /// Whether somebody may wait until it is sent.
    var takesRoom: Bool {
        switch self {
        case .copy, .bytes: true
        case .none, .slice, .rows: false
        }
    }

    /// Reads the payload of an answer from `shard`.
    func receive(
        _ message: Message, _ payloadCount: Int, on connection: any ShardConnection, from shard: ShardIdentity
    ) throws {
        switch (self, message) {
        case (.slice(let buffer, let range), .gathered(_, _, _, _, let encoding)):
            try receive(into: buffer, range, encoding, payloadCount, connection, shard)
        case (.rows(let collection), .sharedRows(_, let unitRows)):
            guard unitRows.unit.value < collection.units else {
                throw TrainerError.noSuchUnit(shard: shard, unit: unitRows.unit.value, units: collection.units)
            }
            guard payloadCount <= collection.bytesMax, payloadCount % MemoryLayout<Float>.stride == 0 else {
                throw wrongSize(shard, payloadCount, collection.bytesMax)
            }
            var rows = [Float](repeating: 0, count: payloadCount / MemoryLayout<Float>.stride)
            try rows.withUnsafeMutableBytes { try connection.receivePayload(into: $0) }
            collection.arrived(unitRows.unit, rows)
        default: preconditionFailure("nothing takes the payload of \(message.kind)")
        }
    }

    private func receive(
        into buffer: FloatBuffer, _ range: Range<Int>, _ encoding: TensorEncoding, _ payloadCount: Int,
        _ connection: any ShardConnection, _ shard: ShardIdentity
    ) throws {
        try withExtendedLifetime(buffer) {
            let target = buffer.bytes(of: range)
            guard encoding != .fp32 else {
                guard payloadCount == target.count else { throw wrongSize(shard, payloadCount, target.count) }
                return try connection.receivePayload(into: target)
            }
            let limit = TensorCodec.payloadLimit(tensorBytes: target.count, encoding: encoding)
            guard payloadCount <= limit else { throw wrongSize(shard, payloadCount, limit) }
            var bytes = [UInt8](repeating: 0, count: payloadCount)
            try bytes.withUnsafeMutableBytes { try connection.receivePayload(into: $0) }
            try bytes.withUnsafeBytes { try TensorCodec.decode($0, as: encoding, into: target) }
        }
    }

    private func wrongSize(_ shard: ShardIdentity, _ byteCount: Int, _ limit: Int) -> TrainerError {
        .payload(shard: shard, what: "a tensor", bytes: byteCount, limit: limit)
    }

    /// The request is done with, or forgotten.
    func release(isSent: Bool) {
        guard case .copy(let buffer, _, let staging?) = self else { return }
        if isSent { staging.give(buffer) } else { staging.lose(buffer) }
    }
}
