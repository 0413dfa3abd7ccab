import MawsBase
import MawsCompression
import MawsTensor
import MawsTransport
import MawsWire
import Synchronization

/// A greeted connection to a shard: messages, and tensors straight from and to their buffers.
final class ShardLink: Sendable {
    let shard: ShardIdentity
    let connection: Connection
    private let answerSeconds: Double
    private let origin: UInt64
    private let term: Term
    private let requests = Atomic<UInt64>(0)

    /// Says hello and waits for the shard's welcome.
    init(
        shard: ShardIdentity, connection: Connection, hello: Hello, runID: String, answerSeconds: Double
    ) throws {
        self.shard = shard
        self.connection = connection
        self.answerSeconds = answerSeconds
        (origin, term) = (Origin.fresh(), hello.term)
        var greeting = hello
        greeting.origin = origin
        try connection.send(.hello(greeting))
        guard case .welcome(let welcome) = try receive("its welcome").message else {
            throw TrainerError.unexpected(shard: shard, awaited: "its welcome")
        }
        guard welcome.runID == runID else { throw TrainerError.wrongRun(shard: shard) }
    }

    /// Sends a request, and says the number that its answers name.
    func ask(_ message: (RequestNumber) -> Message) throws -> RequestNumber {
        let request = RequestNumber(requests.add(1, ordering: .relaxed).newValue)
        try connection.send(message(request))
        return request
    }

    /// The next message that answers this request under the trainer's term. What is left of an earlier one is dropped.
    func receive(_ awaited: String, answering request: RequestNumber) throws -> Incoming {
        while true {
            let incoming = try receive(awaited)
            guard let reply = incoming.message.reply, reply.request <= request else {
                throw TrainerError.unexpected(shard: shard, awaited: awaited)
            }
            guard reply == Reply(term: term, request: request) else {
                try connection.discardPayload()
                guard reply.request < request else {
                    throw TrainerError.otherTerm(shard: shard, term: reply.term, awaited: term)
                }
                continue
            }
            if case .unavailable(_, let reason) = incoming.message {
                throw TrainerError.unavailable(shard: shard, reason: reason)
            }
            return incoming
        }
    }

    /// What this side knows of the connection: what the shard says of it is held against that.
    var pulse: LinkPulse { LinkPulse(bytesSent: connection.bytesSent, bytesReceived: connection.bytesReceived) }

    /// Asks, on this connection, what the shard knows of another one.
    func state(of other: ShardLink) throws -> LinkState {
        try connection.send(.linkRequest(origin: other.origin))
        guard case .linkState(let reply, let state) = try receive("what it knows of a connection").message,
            reply.request == RequestNumber(other.origin)
        else {
            throw TrainerError.unexpected(shard: shard, awaited: "the state of a connection")
        }
        return state
    }

    /// The next message that is neither a heartbeat nor a refusal.
    func receive(_ awaited: String) throws -> Incoming {
        let start = Moment.now()
        while true {
            // Heartbeats do not stretch the deadline.
            let left = answerSeconds - Moment.now().seconds(since: start)
            guard left > 0 else {
                throw TrainerError.silent(what: "\(awaited) from shard \(shard)", seconds: answerSeconds)
            }
            let incoming = try connection.receive(timeoutSeconds: left)
            switch incoming.message {
            case .heartbeat: continue
            case .refused(let reason, _): throw TrainerError.refused(shard: shard, reason: reason)
            default: return incoming
            }
        }
    }

    /// Sends a slice as its bytes are, or compressed.
    func send(_ message: Message, _ slice: FloatBuffer, as encoding: TensorEncoding) throws {
        try withExtendedLifetime(slice) {
            switch encoding {
            case .fp32:
                try connection.send(message, payload: UnsafeRawBufferPointer(slice.bytes))
            case .fp32Zstd, .fp32Runs:
                let bytes = TensorCodec.encode(UnsafeRawBufferPointer(slice.bytes), as: encoding)
                try bytes.withUnsafeBytes { try connection.send(message, payload: $0) }
            }
        }
    }

    /// Sends a payload that was encoded before.
    func send(_ message: Message, _ payload: [UInt8]) throws {
        try payload.withUnsafeBytes { try connection.send(message, payload: $0) }
    }

    /// Receives the payload of `incoming` as the elements `range` of `buffer`.
    func receive(_ incoming: Incoming, into buffer: FloatBuffer, _ range: Range<Int>, as encoding: TensorEncoding)
        throws
    {
        try withExtendedLifetime(buffer) {
            let target = buffer.bytes(of: range)
            switch encoding {
            case .fp32:
                guard incoming.payloadCount == target.count else { throw wrongSize(incoming, target.count) }
                try connection.receivePayload(into: target)
            case .fp32Zstd, .fp32Runs:
                let limit = TensorCodec.payloadLimit(tensorBytes: target.count, encoding: encoding)
                guard incoming.payloadCount <= limit else { throw wrongSize(incoming, limit) }
                var bytes = [UInt8](repeating: 0, count: incoming.payloadCount)
                try bytes.withUnsafeMutableBytes { try connection.receivePayload(into: $0) }
                try bytes.withUnsafeBytes { try TensorCodec.decode($0, as: encoding, into: target) }
            }
        }
    }

    /// Receives a payload of at most `floatsMax` values.
    func receiveRows(_ incoming: Incoming, floatsMax: Int) throws -> [Float] {
        let stride = MemoryLayout<Float>.stride
        guard incoming.payloadCount <= floatsMax * stride, incoming.payloadCount % stride == 0 else {
            throw wrongSize(incoming, floatsMax * stride)
        }
        var rows = [Float](repeating: 0, count: incoming.payloadCount / stride)
        if !rows.isEmpty { try rows.withUnsafeMutableBytes { try connection.receivePayload(into: $0) } }
        return rows
    }

    private func wrongSize(_ incoming: Incoming, _ limit: Int) -> TrainerError {
        .payload(shard: shard, what: "a tensor", bytes: incoming.payloadCount, limit: limit)
    }
}
