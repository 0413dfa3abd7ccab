import MawsBase

/// Turns messages into bodies and back. `Protocol/wire.md` describes the bytes.
package enum MessageCodec {
    /// The body of a frame of kind `message.kind`.
    package static func encode(_ message: Message) -> [UInt8] {
        var writer = BodyWriter(capacity: 64)
        write(message, to: &writer)
        return writer.bytes
    }

    /// Throws on any body that `encode` could not have made.
    package static func decode(kind: MessageKind, body: [UInt8]) throws(WireError) -> Message {
        var reader = BodyReader(kind: kind, bytes: body)
        let message = try read(kind, from: &reader)
        try reader.finish()
        return message
    }

    private static func write(_ message: Message, to writer: inout BodyWriter) {
        switch message {
        case .heartbeat, .statusRequest: break
        case .hello(let hello): writer.write(hello)
        case .welcome(let welcome): writer.write(welcome)
        case .unavailable(let reply, let text): writer.write(all: reply, text)
        case .refused(let reason, let mayTryAgain): writer.write(all: reason, mayTryAgain)
        case .configure(let configuration): writer.write(configuration)
        case .restore(let request, let slice), .snapshot(let request, let slice), .sliceKept(let request, let slice):
            writer.write(all: request, slice)
        case .snapshotSlice(let reply, let slice): writer.write(all: reply, slice)
        case .restoreDone(let request, let stage, let step), .gatherRows(let request, let stage, let step),
            .freeze(let request, let stage, let step):
            writer.write(all: request, stage, step)
        case .restored(let reply, let stage, let step), .applied(let reply, let stage, let step):
            writer.write(all: reply, stage, step)
        case .reduced(let reduced): writer.write(reduced)
        case .commit(let commit): writer.write(commit)
        case .roster(let roster): writer.write(roster)
        case .leaseRequest(let shares): writer.writeBytes(shares)
        case .leases(let leases): writer.writeArray(leases)
        case .unitDone(let done): writer.write(done)
        case .unitFailed(let failed): writer.write(failed)
        case .shutdown(let isFinished, let reason): writer.write(all: isFinished, reason)
        case .gather(let request, let stage, let step, let block): writer.write(all: request, stage, step, block)
        case .gathered(let reply, let stage, let step, let block, let encoding):
            writer.write(all: reply, stage, step, block, encoding)
        case .push(let push): writer.write(push)
        case .flush(let request, let flush): writer.write(all: request, flush)
        case .flushed(let reply, let isFinite, let receipt): writer.write(all: reply, isFinite, receipt)
        case .shareRows(let unitRows, let grant): writer.write(all: unitRows, grant)
        case .sharedRows(let reply, let unitRows): writer.write(all: reply, unitRows)
        case .linkRequest(let origin), .bulk(let origin): writer.write(origin)
        case .restoreRequest(let reply, let received): writer.write(all: reply, received)
        case .thaw(let request): writer.write(request)
        case .linkState(let reply, let state): writer.write(all: reply, state)
        case .status(let json): writer.writeBytes(json)
        }
    }

    private static func read(_ kind: MessageKind, from reader: inout BodyReader) throws(WireError) -> Message {
        switch kind {
        case .hello: .hello(try reader.value())
        case .welcome: .welcome(try reader.value())
        case .refused: .refused(reason: try reader.value(), mayTryAgain: try reader.value())
        case .heartbeat: .heartbeat
        case .configure: .configure(try reader.value())
        case .restore: .restore(try reader.value(), try reader.value())
        case .restoreDone: .restoreDone(try reader.value(), stage: try reader.value(), step: try reader.value())
        case .restored: .restored(try reader.value(), stage: try reader.value(), step: try reader.value())
        case .reduced: .reduced(try reader.value())
        case .commit: .commit(try reader.value())
        case .applied: .applied(try reader.value(), stage: try reader.value(), step: try reader.value())
        case .snapshot, .snapshotSlice, .freeze, .sliceKept, .thaw: try readOfCheckpoint(kind, from: &reader)
        case .bulk: .bulk(origin: try reader.value())
        case .restoreRequest: .restoreRequest(try reader.value(), received: try reader.value())
        case .roster: .roster(try reader.value())
        case .leaseRequest: .leaseRequest(shares: try reader.byteArray())
        case .leases: .leases(try reader.array())
        case .unitDone: .unitDone(try reader.value())
        case .unitFailed: .unitFailed(try reader.value())
        case .shutdown: .shutdown(isFinished: try reader.value(), reason: try reader.value())
        case .gather: try readGather(from: &reader)
        case .gathered: try readGathered(from: &reader)
        case .unavailable: .unavailable(try reader.value(), try reader.value())
        case .push: .push(try reader.value())
        case .flush: .flush(try reader.value(), try reader.value())
        case .flushed: .flushed(try reader.value(), isFinite: try reader.value(), receipt: try reader.value())
        case .shareRows: .shareRows(try reader.value(), try reader.value())
        case .gatherRows: .gatherRows(try reader.value(), stage: try reader.value(), step: try reader.value())
        case .sharedRows: .sharedRows(try reader.value(), try reader.value())
        case .linkRequest: .linkRequest(origin: try reader.value())
        case .linkState: .linkState(try reader.value(), try reader.value())
        case .statusRequest: .statusRequest
        case .status: .status(try reader.byteArray())
        }
    }

    private static func readOfCheckpoint(
        _ kind: MessageKind, from reader: inout BodyReader
    ) throws(WireError) -> Message {
        switch kind {
        case .snapshot: .snapshot(try reader.value(), try reader.value())
        case .snapshotSlice: .snapshotSlice(try reader.value(), try reader.value())
        case .freeze: .freeze(try reader.value(), stage: try reader.value(), step: try reader.value())
        case .sliceKept: .sliceKept(try reader.value(), try reader.value())
        default: .thaw(try reader.value())
        }
    }

    private static func readGather(from reader: inout BodyReader) throws(WireError) -> Message {
        .gather(
            try reader.value(), stage: try reader.value(), step: try reader.value(), block: try reader.value())
    }

    private static func readGathered(from reader: inout BodyReader) throws(WireError) -> Message {
        .gathered(
            try reader.value(), stage: try reader.value(), step: try reader.value(), block: try reader.value(),
            encoding: try reader.value())
    }
}
