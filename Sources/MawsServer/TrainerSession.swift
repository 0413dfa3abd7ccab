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

/// One trainer's connection, on its own thread: does what the session's core asks for, and says what came of it.
package final class TrainerSession {
    /// How long a push waits for memory before it is dropped and the trainer told so.
    private static let memoryWaitSeconds = 10.0

    private let host: ShardHost
    private let connection: any ShardChannel
    private let links: TrainerLinks
    private var link: TrainerLinks.Link?
    private var peer: String
    private var core = SessionCore()
    /// The memory that the payload of a push belongs to, and where it goes or is.
    private var memory: ShardMemory?
    private var buffer: FloatBuffer?
    private var gradient: PackedSum?
    private var rows: [UInt8] = []

    package init(host: ShardHost, connection: any ShardChannel, links: TrainerLinks) {
        self.host = host
        self.links = links
        self.connection = connection
        peer = connection.peerName
    }

    /// Serves until the connection ends; throws why, when the trainer is to blame.
    package func run() throws {
        guard connection.peer.role == .trainer else { return try tellCoordinator() }
        defer { link.map(links.remove) }
        try obey(connection.receive(timeoutSeconds: 10))
        while !core.hasEnded {
            do {
                try obey(connection.receive(timeoutSeconds: 3600))
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
            throw violation(reason)
        }
        let isOwn = origin == host.origin
        let state = LinkState(isOpen: isOwn, isHeldUp: false, bytesReceived: 0, bytesSent: 0)
        try connection.send(.linkState(host.reply(to: RequestNumber(origin)), state))
    }

    private func obey(_ incoming: Incoming) throws {
        if case .hello(let hello) = incoming.message {
            peer = "\(PlainText.line(hello.name)) (\(connection.peer.name)) at \(connection.remoteAddress)"
        }
        // The memory of a state that is replaced is nobody's any more.
        defer { (memory, buffer) = (nil, nil) }
        try step(.received(incoming.message, payloadCount: incoming.payloadCount))
    }

    private func step(_ event: SessionEvent) throws {
        var next: SessionEvent? = event
        while let event = next {
            next = nil
            for action in core.step(event) {
                if let event = try perform(action) { next = event }
            }
            let violations = core.violations()
            precondition(violations.isEmpty, "the session is in disorder: \(violations)")
        }
    }

    /// Does one thing.
    ///
    /// - Returns: what to tell the core, if anything.
    private func perform(_ action: SessionAction) throws -> SessionEvent? {
        switch action {
        case .welcome(let hello): try welcome(hello)
        case .announce(let upload): return try announce(upload)
        case .deliver(let upload, let generation): return .settled(try deliver(upload, generation))
        case .gather(let request, let stage, let step, let block):
            try ask(request) { [holder] in
                .gatherRequested($0, holder: holder, stage: stage, step: step, block: block)
            }
        case .gatherRows(let request, let stage, let step):
            try ask(request) { .rowsRequested($0, stage: stage, step: step) }
        case .confirm(let request, let flush): return confirm(request, flush)
        case .takeMemory(let push, let count): return .memory(isThere: try takeMemory(push, count))
        case .receive(let upload, let count): return .payload(isFinite: try receive(upload, count))
        case .free: free()
        case .discardPayload: try connection.discardPayload()
        case .countDuplicate: host.count { $0.duplicates += 1 }
        case .send(let message): try connection.send(message)
        case .decline(let reply, let lack): try decline(reply, lack)
        case .sendSlice, .sendRows: preconditionFailure("an answer is sent while its memory is kept readable")
        case .sendLinkState(let origin):
            try connection.send(.linkState(host.reply(to: RequestNumber(origin)), links.state(of: origin)))
        case .refuse(let breach):
            let reason = breach.sentence(at: host.options.shard)
            connection.refuse(reason)
            throw violation(reason)
        case .end(let breach): throw violation(breach.sentence(at: host.options.shard))
        }
        return nil
    }

    private func welcome(_ hello: Hello) throws {
        link = links.add(connection, origin: hello.origin)
        let (term, runID) = host.greeting()
        try connection.send(.welcome(Welcome(term: term, plan: [], runID: runID)))
        connection.allow(.shardClient)
    }

    // MARK: - Reading

    /// The answer is sent before the shard may overwrite what it reads.
    private func ask(_ request: RequestNumber, _ event: (ShardRequest) -> ShardEvent) throws {
        try host.withAnswer(connection, request, event) { answer, reply in
            for action in core.step(.answered(answer.action, reply)) {
                switch action {
                case .sendSlice(let reply, let slice): try send(reply, slice, of: answer.memory)
                case .sendRows(let reply, let stage, let step, let units): try send(reply, stage, step, units)
                case .decline(let reply, let lack): try decline(reply, lack)
                default: preconditionFailure("\(action) is no answer")
                }
            }
        }
    }

    private func decline(_ reply: Reply, _ lack: ShardLack) throws {
        try connection.send(.unavailable(reply, lack.sentence(of: host.options.shard)))
    }

    private func send(_ reply: Reply, _ slice: TensorSlice, of memory: ShardMemory?) throws {
        guard let memory else { preconditionFailure("served without memory") }
        do {
            try memory.withPayload(of: slice) { payload in
                host.count { $0.bytesGathered += UInt64(payload.count) }
                let encoding = memory.configuration.gatherEncoding
                try connection.send(
                    .gathered(reply, stage: slice.stage, step: slice.step, block: slice.block, encoding: encoding),
                    payload: payload)
            }
        } catch let error as StorageError {
            try connection.send(.unavailable(reply, try host.found(error, in: memory)))
        }
    }

    private func send(_ reply: Reply, _ stage: StageIndex, _ step: StepIndex, _ units: [UnitIndex]) throws {
        for (unit, rows) in host.rows(of: units) {
            host.count { $0.bytesGathered += UInt64(rows.count) }
            let unitRows = UnitRows(term: reply.term, stage: stage, step: step, unit: unit)
            try rows.withUnsafeBytes { try connection.send(.sharedRows(reply, unitRows), payload: $0) }
        }
        try connection.send(.flushed(reply))
    }

    // MARK: - Writing

    /// The name in the trainer's certificate.
    private var holder: String { connection.peer.name }

    private func confirm(_ request: RequestNumber, _ flush: Flush) -> SessionEvent {
        host.state.withLock { [holder] state in
            .flushed(
                state.core.flushed(flush, holder: holder), Reply(term: state.core.term, request: request))
        }
    }

    private func announce(_ upload: Upload) throws -> SessionEvent {
        let (actions, isLeased, sharedRows, memory) = host.state.withLock { [holder] state in
            let actions = state.step(upload.announcement)
            return (
                actions, state.allows(upload, actions, holder: holder), state.core.configuration?.sharedRows ?? .none,
                state.memory
            )
        }
        try host.run(actions.unlocked)
        guard let verdict = actions.locked.first else { preconditionFailure("no verdict on \(upload)") }
        self.memory = memory
        return .judged(verdict, isLeased: isLeased, sharedRows: sharedRows)
    }

    private func takeMemory(_ push: Push, _ payloadCount: Int) throws -> Bool {
        guard let memory else { return false }
        let count = memory.slices[Int(push.block)].count
        let limit = TensorCodec.payloadLimit(tensorBytes: 4 * count, encoding: push.encoding)
        guard payloadCount <= limit, push.encoding != .fp32 || payloadCount == 4 * count else {
            throw violation("it pushes \(payloadCount) bytes for a slice of \(count) elements")
        }
        // Runs have at most so many values; how many there are is in the payload.
        let valueCount = push.encoding == .fp32Runs ? min(count, payloadCount / 4) : count
        link?.isHeldUp.store(true, ordering: .relaxed)
        buffer = memory.pool.take(valueCount, waitSeconds: Self.memoryWaitSeconds)
        link?.isHeldUp.store(false, ordering: .relaxed)
        return buffer != nil
    }

    /// - Returns: whether all of it is finite.
    private func receive(_ upload: Upload, _ payloadCount: Int) throws -> Bool {
        defer { host.count { $0.bytesPushed += UInt64(payloadCount) } }
        guard case .push(let push) = upload, let buffer, let memory else {
            rows = [UInt8](repeating: 0, count: payloadCount)
            if payloadCount > 0 { try rows.withUnsafeMutableBytes { try connection.receivePayload(into: $0) } }
            return true
        }
        do {
            let count = memory.slices[Int(push.block)].count
            let received = try receive(push.encoding, payloadCount, of: count, into: buffer)
            gradient = received
            return push.grant.mayBeNonFinite || received.isFinite
        } catch {
            memory.pool.give(PackedSum(runs: push.encoding == .fp32Runs ? Runs([]) : nil, values: buffer))
            throw error
        }
    }

    private func receive(
        _ encoding: TensorEncoding, _ payloadCount: Int, of count: Int, into buffer: FloatBuffer
    ) throws -> PackedSum {
        if encoding == .fp32 {
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
            throw violation("\(error)")
        }
    }

    private func deliver(_ upload: Upload, _ generation: ShardGeneration) throws -> [ShardLockedAction] {
        switch upload {
        case .push(let push):
            guard let received = gradient else { preconditionFailure("no gradient was received") }
            let verdict = try host.handle(
                upload.arrival(generation), received: .gradient(received, generation, block: Int(push.block)))
            // What is kept is the shard's now.
            if verdict.contains(where: { if case .keepGradient = $0 { true } else { false } }) { gradient = nil }
            return verdict
        case .shareRows(let unitRows, _):
            defer { rows = [] }
            return try host.handle(upload.arrival(generation), received: .shareRows(unitRows.unit, rows))
        }
    }

    private func free() {
        if let gradient { memory?.pool.give(gradient) }
        gradient = nil
    }

    private func violation(_ reason: String) -> ServerError { .breach(peer: peer, reason: reason) }
}

extension ShardHost.State {
    /// Whether the holder of the certificate was leased what it sends; looked at only where the shard would take it.
    fileprivate func allows(_ upload: Upload, _ actions: ShardActions, holder: String) -> Bool {
        guard case .receive? = actions.locked.first else { return false }
        return switch upload {
        case .push(let push): core.allows(push, holder: holder)
        case .shareRows(let unitRows, let grant): core.allows(unitRows, grant, holder: holder)
        }
    }
}
