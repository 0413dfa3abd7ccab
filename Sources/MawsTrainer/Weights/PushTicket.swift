import MawsBase
import MawsTensor
import MawsTransport
import MawsWire

/// What the shards say to all that was sent of a unit.
package struct FlushOutcome: Hashable, Sendable {
    /// Whether they took it.
    package var isFinite = true
    /// Their receipts as one.
    package var receipt = AuthenticationCode.none
}

/// What one unit has under way to the shards: bytes not sent yet, flushes not answered yet, the first thing that
/// failed.
final class PushTicket: Sendable {
    private struct State {
        var bytesInFlight = 0
        var flushesDue = 0
        /// Jobs done, so that waiters can tell slow from stuck.
        var progress = 0
        var error: (any Error)?
        var outcome = FlushOutcome()
    }

    private let state = Monitor(State())
    private let bytesInFlightMax: Int

    init(bytesInFlightMax: Int) { self.bytesInFlightMax = bytesInFlightMax }

    /// Waits until `bytes` more may be under way. One slice always may, however large.
    func reserve(_ bytes: Int, patienceSeconds: Double) throws {
        try wait(for: "room to push", patienceSeconds) { state in
            guard state.bytesInFlight == 0 || state.bytesInFlight + bytes <= bytesInFlightMax else { return false }
            state.bytesInFlight += bytes
            return true
        }
    }

    func sent(_ bytes: Int) {
        state.with { state in
            state.bytesInFlight -= bytes
            state.progress += 1
        }
    }

    func flushing() { state.with { $0.flushesDue += 1 } }

    func flushed(isFinite: Bool, _ receipt: AuthenticationCode) {
        state.with { state in
            state.outcome.isFinite = state.outcome.isFinite && isFinite
            state.outcome.receipt = state.outcome.receipt.joined(with: receipt)
            state.flushesDue -= 1
            state.progress += 1
        }
    }

    var outcome: FlushOutcome { state.with { $0.outcome } }

    func fail(_ error: any Error) {
        state.with { state in if state.error == nil { state.error = error } }
    }

    func waitFlushed(patienceSeconds: Double) throws {
        try wait(for: "the shards to take a unit", patienceSeconds) { $0.flushesDue == 0 }
    }

    /// Gives up when nothing at all moved for `patienceSeconds`.
    private func wait(
        for what: String, _ patienceSeconds: Double, _ isReady: (inout State) -> Bool
    ) throws {
        var seen = state.with { $0.progress }
        while true {
            let isDone: Bool? = try state.wait(seconds: patienceSeconds) { state in
                if let error = state.error { throw error }
                return isReady(&state) ? true : nil
            }
            if isDone == true { return }
            let progress = state.with { $0.progress }
            guard progress > seen else { throw TrainerError.silent(what: what, seconds: patienceSeconds) }
            seen = progress
        }
    }
}

/// Sends one slice of a gradient, or the rows of a post.
final class SendJob: ShardJob {
    private let message: Message
    private let payload: FloatBuffer
    private let encoding: TensorEncoding
    private let ticket: PushTicket
    private let staging: StagingBuffers?

    /// - Parameter staging: gets the payload's memory.
    init(
        _ message: Message, _ payload: FloatBuffer, encoding: TensorEncoding, ticket: PushTicket,
        staging: StagingBuffers?
    ) {
        self.staging = staging
        self.message = message
        self.payload = payload
        self.encoding = encoding
        self.ticket = ticket
    }

    func run(on link: ShardLink) throws {
        try link.send(message, payload, as: encoding)
        staging?.give(payload)
        ticket.sent(payload.bytes.count)
    }

    func fail(_ error: any Error) {
        staging?.lose(payload)
        ticket.fail(error)
    }
}

/// Sends a slice that was encoded before.
final class SendBytesJob: ShardJob {
    private let message: Message
    private let payload: [UInt8]
    private let ticket: PushTicket

    init(_ message: Message, _ payload: [UInt8], ticket: PushTicket) {
        (self.message, self.payload, self.ticket) = (message, payload, ticket)
    }

    func run(on link: ShardLink) throws {
        try link.send(message, payload)
        ticket.sent(payload.count)
    }

    func fail(_ error: any Error) { ticket.fail(error) }
}

/// Waits until the shard has everything sent before.
final class FlushJob: ShardJob {
    private let flush: Flush
    private let ticket: PushTicket

    init(_ flush: Flush, ticket: PushTicket) { (self.flush, self.ticket) = (flush, ticket) }

    func run(on link: ShardLink) throws {
        let request = try link.ask { .flush($0, flush) }
        let incoming = try link.receive("its word that the unit is in", answering: request)
        guard case .flushed(_, let isFinite, let receipt) = incoming.message else {
            throw TrainerError.unexpected(shard: link.shard, awaited: "flushed")
        }
        ticket.flushed(isFinite: isFinite, receipt)
    }

    func fail(_ error: any Error) { ticket.fail(error) }
}
