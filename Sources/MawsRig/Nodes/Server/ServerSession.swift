import MawsBase
import MawsProtocol
import MawsWire

/// One trainer's connection to a server: does what the session's core asks for, and says what came of it.
final class ServerSession {
    private static let memoryWaitSeconds = 10.0

    private let host: ServerHost
    private let world: World
    private let end: LineEnd
    private let links: OpenLines
    private var core = SessionCore()
    private var origin: UInt64 = 0
    private var isHeldUp = false
    /// The memory that the payload of a push belongs to, and what the letter that is dealt with brought.
    private var memory: ServerMemory?
    private var taken: (memory: ServerMemory, bytes: Int)?
    private var cells: [Cell] = []

    init(_ host: ServerHost, _ end: LineEnd, _ links: OpenLines) {
        (self.host, world, self.end, self.links) = (host, host.world, end, links)
    }

    func begin() {
        guard end.peerRole == .trainer else { return tellCoordinator() }
        end.receive(timeoutSeconds: 10) { self.received($0) }
    }

    /// The coordinator asks whether the process that it has a silent connection with is still this one.
    private func tellCoordinator() {
        end.receive(timeoutSeconds: 10) { [self] received in
            if case .letter(let letter) = received, case .linkRequest(let origin) = letter.message {
                let state = LinkState(
                    isOpen: origin == host.origin, isHeldUp: false, bytesReceived: 0, bytesSent: 0)
                end.send(.linkState(Reply(term: host.core.term, request: RequestNumber(origin)), state))
            }
            world.after(1, end.process) { self.end.close() }
        }
    }

    private func received(_ received: Received) {
        guard case .letter(let letter) = received else { return stop() }
        (cells, memory) = (letter.cells, nil)
        step(.received(letter.message, payloadCount: letter.payloadCount)) { [self] in
            guard !core.hasEnded, end.isOpen else { return stop() }
            end.receive { self.received($0) }
        }
    }

    private func stop() {
        links.remove(end, origin: origin)
        end.close()
        if let taken { taken.memory.pool.give(taken.bytes) }
        taken = nil
    }

    private func step(_ event: SessionEvent, _ body: @escaping () -> Void) {
        let before = core.standing
        let actions = core.step(event)
        world.coverage.session(before, core.standing)
        world.oracle.check(core.violations(), of: host.process.name)
        perform(actions[...], nil, body)
    }

    private func perform(_ actions: ArraySlice<SessionAction>, _ next: SessionEvent?, _ body: @escaping () -> Void) {
        guard let action = actions.first else { return next.map { step($0, body) } ?? body() }
        perform(action) { self.perform(actions.dropFirst(), $0 ?? next, body) }
    }

    private func perform(_ action: SessionAction, _ body: @escaping (SessionEvent?) -> Void) {
        switch action {
        case .announce(let upload): return announce(upload, body)
        case .deliver(let upload, let generation): return deliver(upload, generation, body)
        case .gather(let request, let stage, let step, let block):
            return ask(request, body) { [holder] in
                .gatherRequested($0, holder: holder, stage: stage, step: step, block: block)
            }
        case .gatherRows(let request, let stage, let step):
            return ask(request, body) { .rowsRequested($0, stage: stage, step: step) }
        case .takeMemory(let push, _): return takeMemory(push, body)
        case .receive(let upload, let count):
            let seconds = Double(count) / Network.bytesASecond + world.workSeconds(host.process, 0...0.0005)
            return world.after(seconds, host.process) {
                if case .shareRows = upload { self.taken = nil }
                body(.payload(isFinite: true))
            }
        case .confirm(let request, let flush):
            let answer = host.core.flushed(flush, holder: holder)
            return body(.flushed(answer, Reply(term: host.core.term, request: request)))
        case .sendSlice, .sendRows: preconditionFailure("an answer is sent while its memory is kept readable")
        default: talk(action)
        }
        body(nil)
    }

    private func talk(_ action: SessionAction) {
        switch action {
        case .welcome(let hello):
            origin = hello.origin
            links.add(end, origin: origin) { [weak self] in self?.isHeldUp ?? false }
            let runID = host.memory?.file.configuration.runID ?? ""
            end.send(.welcome(Welcome(term: host.core.term, plan: [], runID: runID)))
        case .free:
            if let taken { taken.memory.pool.give(taken.bytes) }
            taken = nil
        case .send(let message): end.send(message)
        case .decline(let reply, _): end.send(.unavailable(reply, "lack"))
        case .sendLinkState(let origin):
            end.send(
                .linkState(Reply(term: host.core.term, request: RequestNumber(origin)), links.state(of: origin)))
        case .refuse(let breach):
            world.oracle.breach("\(breach)", by: end.peerCertificate, at: host.process.name)
            end.send(.refused(reason: "breach", mayTryAgain: false))
            end.close()
        case .end(let breach):
            world.oracle.breach("\(breach)", by: end.peerCertificate, at: host.process.name)
            end.close()
        default: break
        }
    }

    // MARK: - Reading

    private func ask(
        _ request: RequestNumber, _ body: @escaping (SessionEvent?) -> Void, _ event: (ShardRequest) -> ShardEvent
    ) {
        host.ask(end, request, event) { [self] answer, memory, reply, done in
            let finish = {
                done()
                body(nil)
            }
            let before = core.standing
            let actions = core.step(.answered(answer, reply))
            world.coverage.session(before, core.standing)
            for action in actions {
                switch action {
                case .sendSlice(let reply, let slice): return send(reply, slice, memory, finish)
                case .sendRows(let reply, let stage, let step, let units): send(reply, stage, step, units)
                case .decline(let reply, _): end.send(.unavailable(reply, "lack"))
                default: preconditionFailure("\(action) is no answer")
                }
            }
            finish()
        }
    }

    /// The memory is read a little after it was decided that it may be.
    private func send(_ reply: Reply, _ slice: TensorSlice, _ memory: ServerMemory?, _ finish: @escaping () -> Void) {
        guard let memory else { preconditionFailure("served without memory") }
        let isLate = world.tampering.does(.endRequestsEarly)
        world.after(world.workSeconds(host.process, isLate ? 0.2...2 : 0.00002...0.002), host.process) { [self] in
            guard !memory.file.isDamaged || world.tampering.does(.serveDamaged) else {
                end.send(.unavailable(reply, "damage"))
                return host.foundDamage(in: memory, finish)
            }
            var due = slice
            if world.tampering.does(.serveOtherVersion), slice.step.value > 0 {
                due.step = StepIndex(slice.step.value - 1)
            }
            guard let cells = memory.file.read(due) else {
                world.oracle.torn("\(host.process.name) serves \(slice) and has another version there")
                return finish()
            }
            let count = memory.bytes(Int(slice.block))
            let message = Message.gathered(
                reply, stage: slice.stage, step: slice.step, block: slice.block, encoding: .fp32)
            if !end.send(Letter(message, cells, payloadCount: count), taken: finish) { finish() }
        }
    }

    private func send(_ reply: Reply, _ stage: StageIndex, _ step: StepIndex, _ units: [UnitIndex]) {
        for unit in units {
            guard let cell = host.rows[unit] else { continue }
            let rows = UnitRows(term: reply.term, stage: stage, step: step, unit: unit)
            end.send(Letter(.sharedRows(reply, rows), [cell], payloadCount: Int(RunShape.rowBytes)))
        }
        end.send(.flushed(reply))
    }

    // MARK: - Writing

    private var holder: String { end.peerCertificate }

    private func announce(_ upload: Upload, _ body: @escaping (SessionEvent?) -> Void) {
        let actions = host.step(upload.announcement)
        let shared = host.core.configuration?.sharedRows ?? .none
        guard let verdict = actions.locked.first else { preconditionFailure("no verdict on \(upload)") }
        var isLeased = false
        if case .receive = verdict {
            isLeased =
                switch upload {
                case .push(let push): host.core.allows(push, holder: holder)
                case .shareRows(let rows, let grant): host.core.allows(rows, grant, holder: holder)
                }
        }
        memory = host.memory
        host.run(actions.unlocked) { body(.judged(verdict, isLeased: isLeased, sharedRows: shared)) }
    }

    private func takeMemory(_ push: Push, _ body: @escaping (SessionEvent?) -> Void) {
        guard let memory else { return body(.memory(isThere: false)) }
        let bytes = memory.bytes(Int(push.block))
        isHeldUp = true
        memory.pool.take(bytes, waitSeconds: Self.memoryWaitSeconds) { [self] isThere in
            isHeldUp = false
            taken = isThere ? (memory, bytes) : nil
            body(.memory(isThere: isThere))
        }
    }

    private func deliver(
        _ upload: Upload, _ generation: ShardGeneration, _ body: @escaping (SessionEvent?) -> Void
    ) {
        var payload = ServerHost.Payload.none
        switch upload {
        case .push(let push): payload = .gradient(cells, generation, block: Int(push.block))
        case .shareRows(let rows, _): if let cell = cells.first { payload = .rows(rows.unit, cell) }
        }
        host.handle(upload.arrival(generation), received: payload) { [self] verdict in
            // What is kept is the shard's now.
            if verdict.contains(where: { if case .keepGradient = $0 { true } else { false } }) { taken = nil }
            body(.settled(verdict))
        }
    }
}
