import Logging
import MawsBase
import MawsCompression
import MawsFiles
import MawsProtocol
import MawsSum
import MawsTensor
import MawsTransport
import MawsWire
import Synchronization

/// One trainer's connection, on its own thread: gathers and collects are answered, pushes and posts are taken in.
final class TrainerSession {
    /// How long a push waits for memory before it is dropped and the trainer told so.
    private static let memoryWaitSeconds = 10.0

    private let host: ShardHost
    private let connection: Connection
    private let links: TrainerLinks
    private var link: TrainerLinks.Link?
    private var peer: String
    /// Why a payload since the last flush was dropped although it may be needed.
    private var loss: String?
    /// Whether a gradient since the last flush was not taken as it is not finite.
    private var isNonFinite = false

    init(host: ShardHost, connection: Connection, links: TrainerLinks) {
        self.host = host
        self.links = links
        self.connection = connection
        peer = connection.peerName
    }

    /// Serves until the connection ends; throws why, when the trainer is to blame.
    func run() throws {
        guard connection.peer.role == .trainer else { return try tellCoordinator() }
        try greet()
        connection.allow(.shardClient)
        defer { link.map(links.remove) }
        while true {
            do {
                try serve(connection.receive(timeoutSeconds: 3600))
            } catch TransportError.timedOut {
                // A trainer without work has nothing to say; one whose machine is gone is found out by the system.
                continue
            } catch TransportError.closed {
                return
            }
        }
    }

    /// The coordinator asks whether the process that it has a silent connection with is still this one.
    private func tellCoordinator() throws {
        let incoming = try connection.receive(timeoutSeconds: 10)
        guard case .linkRequest(let origin) = incoming.message, incoming.payloadCount == 0 else {
            let reason = "here a coordinator may only ask for the state of a connection"
            connection.refuse(reason)
            throw rubbish(reason)
        }
        let isOwn = origin == host.origin
        let state = LinkState(isOpen: isOwn, isHeldUp: false, bytesReceived: 0, bytesSent: 0)
        try connection.send(.linkState(host.reply(to: RequestNumber(origin)), state))
    }

    private func greet() throws {
        let incoming = try connection.receive(timeoutSeconds: 10)
        guard case .hello(let hello) = incoming.message, incoming.payloadCount == 0 else {
            throw rubbish("its first message is not hello")
        }
        peer = "\(PlainText.line(hello.name)) (\(connection.peer.name)) at \(connection.remoteAddress)"
        guard hello.role == .trainer, hello.protocolVersion == ProtocolVersion.current else {
            let reason = "shard \(host.options.shard) serves trainers of protocol version \(ProtocolVersion.current)"
            connection.refuse(reason)
            throw rubbish("it says it is a \(hello.role.rawValue) of version \(hello.protocolVersion)")
        }
        link = links.add(connection, origin: hello.origin)
        let (term, runID) = host.greeting()
        try connection.send(.welcome(Welcome(term: term, plan: [], runID: runID)))
    }

    private func serve(_ incoming: Incoming) throws {
        switch incoming.message {
        case .push(let push): return try take(push, incoming.payloadCount)
        case .post(let post, let grant): return try take(post, grant, incoming.payloadCount)
        default: break
        }
        guard incoming.payloadCount == 0 else { throw rubbish("it sent a payload where none belongs") }
        switch incoming.message {
        case .gather(let request, let stage, let step, let block): try gather(request, stage, step, block)
        case .collect(let request, let stage, let step): try collect(request, stage, step)
        case .flush(let request, let flush): try confirm(flush, host.reply(to: request))
        case .linkRequest(let origin):
            try connection.send(.linkState(host.reply(to: RequestNumber(origin)), links.state(of: origin)))
        case .heartbeat: break
        default: throw rubbish("it sent a message that is not for servers")
        }
    }

    // MARK: - Reading

    private func gather(
        _ request: RequestNumber, _ stage: StageIndex, _ step: StepIndex, _ block: UInt32
    ) throws {
        try host.withAnswer(
            connection, request, { .gatherRequested($0, holder: holder, stage: stage, step: step, block: block) }
        ) { answer, memory, reply in
            guard case .serve(_, let slice) = answer, let memory else { return try decline(answer, reply) }
            do {
                try send(reply, slice, of: memory)
            } catch let error as StorageError {
                try connection.send(.unavailable(reply, try host.found(error, in: memory)))
            }
        }
    }

    private func send(_ reply: Reply, _ slice: TensorSlice, of memory: ShardMemory) throws {
        try memory.withPayload(of: slice) { payload in
            host.count { $0.bytesGathered += UInt64(payload.count) }
            let encoding = memory.configuration.gatherEncoding
            try connection.send(
                .gathered(reply, stage: slice.stage, step: slice.step, block: slice.block, encoding: encoding),
                payload: payload)
        }
    }

    private func collect(_ request: RequestNumber, _ stage: StageIndex, _ step: StepIndex) throws {
        try host.withAnswer(connection, request, { .collectRequested($0, stage: stage, step: step) }) {
            answer, _, reply in
            guard case .servePosts(_, _, _, let units) = answer else { return try decline(answer, reply) }
            for (unit, rows) in host.posts(of: units) {
                host.count { $0.bytesGathered += UInt64(rows.count) }
                let post = Post(term: reply.term, stage: stage, step: step, unit: unit)
                try rows.withUnsafeBytes { try connection.send(.posted(reply, post), payload: $0) }
            }
            try connection.send(.flushed(reply))
        }
    }

    private func decline(_ answer: ShardLockedAction, _ reply: Reply) throws {
        guard case .decline(_, let reason) = answer else { preconditionFailure("\(answer) is no answer") }
        try connection.send(.unavailable(reply, reason))
    }

    // MARK: - Writing

    /// Says whether all of some units is here, with the receipt that the coordinator believes.
    private func confirm(_ flush: Flush, _ reply: Reply) throws {
        defer { (loss, isNonFinite) = (nil, false) }
        if let loss { return try connection.send(.unavailable(reply, loss)) }
        if isNonFinite { return try connection.send(.flushed(reply, isFinite: false)) }
        let units = "2^\(flush.level) units from \(flush.unit.value) on of step \(flush.step.value)"
        switch host.state.withLock({ $0.core.flushed(flush, holder: holder) }) {
        case .confirmed(let receipt): try connection.send(.flushed(reply, receipt: receipt))
        case .settled: try connection.send(.flushed(reply))
        case .incomplete:
            try connection.send(.unavailable(reply, "shard \(host.options.shard) has not all of \(units)"))
        case .notLeased: throw refused("it flushes \(units), which it was not leased")
        }
    }

    /// The name in the trainer's certificate.
    private var holder: String { connection.peer.name }

    private func refused(_ reason: String) -> ServerError {
        connection.refuse(reason)
        return rubbish(reason)
    }

    private func take(_ push: Push, _ payloadCount: Int) throws {
        guard let (generation, memory) = try announced(.pushAnnounced(push), payloadCount) else { return }
        guard host.state.withLock({ $0.core.allows(push, holder: holder) }) else {
            let units = "2^\(push.level) units from \(push.unit.value) on of step \(push.step.value)"
            throw refused("it pushes \(units), which it was not leased")
        }
        let count = memory.slices[Int(push.block)].count
        let limit = TensorCodec.payloadLimit(tensorBytes: 4 * count, encoding: push.encoding)
        guard payloadCount <= limit else {
            throw rubbish("it pushes \(payloadCount) bytes for a slice of \(count) elements")
        }
        // Runs have at most so many values; how many there are is in the payload.
        let valueCount = push.encoding == .fp32Runs ? min(count, payloadCount / 4) : count
        link?.isHeldUp.store(true, ordering: .relaxed)
        let taken = memory.pool.take(valueCount, waitSeconds: Self.memoryWaitSeconds)
        link?.isHeldUp.store(false, ordering: .relaxed)
        guard let buffer = taken else {
            loss = "shard \(host.options.shard) has no memory for more gradients now"
            return try connection.discardPayload()
        }
        let gradient: PackedSum
        do {
            gradient = try receive(push.encoding, payloadCount, of: count, into: buffer)
        } catch {
            memory.pool.give(PackedSum(runs: push.encoding == .fp32Runs ? Runs([]) : nil, values: buffer))
            throw error
        }
        host.count { $0.bytesPushed += UInt64(payloadCount) }
        guard push.grant.mayBeNonFinite || gradient.isFinite else {
            isNonFinite = true
            return memory.pool.give(gradient)
        }
        let verdict = try host.received(push, generation, gradient)
        let isKept = verdict.contains { if case .keepGradient = $0 { true } else { false } }
        if !isKept { memory.pool.give(gradient) }
        try settle(verdict)
    }

    private func receive(
        _ encoding: TensorEncoding, _ payloadCount: Int, of count: Int, into buffer: FloatBuffer
    ) throws -> PackedSum {
        if encoding == .fp32 {
            guard payloadCount == 4 * count else {
                throw rubbish("it pushes \(payloadCount) bytes for a slice of \(count) elements")
            }
            if payloadCount > 0 { try connection.receivePayload(into: buffer.bytes) }
            return PackedSum(whole: buffer)
        }
        let payload = UnsafeMutableRawBufferPointer.allocate(byteCount: payloadCount, alignment: 64)
        defer { payload.deallocate() }
        if payloadCount > 0 { try connection.receivePayload(into: payload) }
        do {
            let bytes = UnsafeRawBufferPointer(payload)
            if encoding == .fp32Runs {
                let runs = try TensorCodec.decode(runs: bytes, of: count, into: buffer.bytes)
                return PackedSum(runs: Runs(runs), values: buffer)
            }
            try TensorCodec.decode(bytes, as: encoding, into: buffer.bytes)
            return PackedSum(whole: buffer)
        } catch {
            throw rubbish("\(error)")
        }
    }

    private func take(_ post: Post, _ grant: LeaseGrant, _ payloadCount: Int) throws {
        guard let (generation, _) = try announced(.postAnnounced(post), payloadCount) else { return }
        let (shape, isLeased) = host.state.withLock {
            ($0.core.configuration?.posts ?? .none, $0.core.allows(post, grant, holder: holder))
        }
        let unit = "unit \(post.unit.value) of step \(post.step.value)"
        guard isLeased else { throw refused("it posts \(unit), which it was not leased") }
        guard shape.allows(post.unit, byteCount: payloadCount) else {
            throw refused("it posts \(payloadCount) bytes of \(unit), which no unit of this stage has")
        }
        var rows = [UInt8](repeating: 0, count: payloadCount)
        if payloadCount > 0 { try rows.withUnsafeMutableBytes { try connection.receivePayload(into: $0) } }
        host.count { $0.bytesPushed += UInt64(payloadCount) }
        try settle(try host.received(post, generation, rows))
    }

    /// Asks what becomes of a payload that is still on the wire; nil when it was dropped.
    private func announced(_ event: ShardEvent, _ payloadCount: Int) throws -> (ShardGeneration, ShardMemory)? {
        let (verdict, memory) = try host.announce(event)
        if case .receive(let generation) = verdict, let memory { return (generation, memory) }
        try connection.discardPayload()
        try settle([verdict])
        return nil
    }

    private func settle(_ verdict: [ShardLockedAction]) throws {
        for action in verdict {
            switch action {
            case .discard: host.count { $0.duplicates += 1 }
            case .lose(let reason): loss = reason
            case .breakOff(let reason): throw rubbish(reason)
            default: break
            }
        }
    }

    private func rubbish(_ reason: String) -> ServerError { .rubbish(peer: peer, reason: reason) }
}
