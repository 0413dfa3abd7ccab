import MawsBase
import MawsProtocol
import MawsWire

/// What a request sends behind its message, or what takes its answer's payload.
enum ShardPayload {
    case none
    case send([Cell], byteCount: Int)
    case take((Message, [Cell]) -> Void)
}

/// A trainer's exchange with all shards: its core, and a worker a line.
final class ShardLinks {
    static let settings = ExchangeSettings(connectSeconds: 5, answerSeconds: 45)
    private static let tickSeconds = 0.5

    let world: World
    let process: Process
    private let credentials: Credentials
    private var core = ExchangeCore(settings: ShardLinks.settings)
    private var roster = Roster(servers: [])
    private var greeting: (name: String, term: Term, runID: String)?
    private var workers: [ExchangeLine: LineWorker] = [:]
    private var payloads: [RequestNumber: ShardPayload] = [:]
    private var results: [ExchangeTask: ExchangeResult] = [:]
    private var waiters: [ExchangeTask: (ExchangeResult) -> Void] = [:]
    private var roomWaiters: [(task: ExchangeTask, byteCount: Int, body: (Bool) -> Void)] = []
    private var taskCount: UInt64 = 0
    /// Bytes that may be on their way of one task.
    static let bytesInFlightMax = 96 << 10

    init(_ world: World, _ process: Process, _ credentials: Credentials) {
        (self.world, self.process, self.credentials) = (world, process, credentials)
    }

    func begin() {
        process.onDeath.append { [weak self] in self?.letGo() }
        tick()
    }

    private func letGo() {
        (workers, payloads, results, waiters, roomWaiters) = ([:], [:], [:], [:], [])
    }

    private func tick() {
        world.after(Self.tickSeconds, process) { [self] in
            var pulses: [ExchangeLine: LinkPulse] = [:]
            for (line, worker) in workers { pulses[line] = worker.newest?.pulse }
            step(.tick(pulses))
            tick()
        }
    }

    var shardCount: Int { core.shardCount }

    func use(_ roster: Roster, name: String, term: Term, runID: String) {
        if !roster.servers.isEmpty { (self.roster, greeting) = (roster, (name, term, runID)) }
        step(.rosterChanged(roster, term: term, runID: runID))
    }

    func step(_ event: ExchangeEvent, payload: ShardPayload = .none) {
        let concerned = event.line.map { [$0] } ?? Array(workers.keys)
        let before = concerned.map(core.standing)
        let actions = core.step(event, now: world.now)
        for (line, standing) in zip(concerned, before) { world.coverage.exchange(standing, core.standing(of: line)) }
        var isTick = false
        if case .tick = event { isTick = true }
        if !isTick || !actions.isEmpty { world.oracle.check(core.violations(), of: process.name) }
        for action in actions.locked { perform(action, payload) }
        for action in actions.unlocked {
            switch action {
            case .close(let line, let connection): workers[line]?.close(connection)
            case .ask(let line, let connection): ask(about: line, connection)
            }
        }
        wakeWhoWaitsForRoom()
    }

    private func perform(_ action: ExchangeLockedAction, _ payload: ShardPayload) {
        switch action {
        case .keep(let request): payloads[request] = payload
        case .release(let request, _): payloads[request] = nil
        case .order(let line, let connection, let order):
            let worker = workers[line] ?? LineWorker(line, self)
            workers[line] = worker
            var own = ShardPayload.none
            switch order {
            case .send(let request, _), .read(let request): own = payloads[request] ?? .none
            case .dial, .receive: break
            }
            worker.put(order, connection, own)
        case .finished(let task, let result):
            results[task] = result
            if let waiter = waiters.removeValue(forKey: task) { world.after(0, process) { waiter(result) } }
        }
    }

    // MARK: - Lines

    /// Dials, greets and waits for the welcome.
    func dial(_ line: ExchangeLine, _ body: @escaping (ShardLink?) -> Void) {
        guard let address = roster.servers.first(where: { $0.shard.index == line.shard }), let greeting,
            let host = Int(address.host)
        else { return body(nil) }
        let target = Address(host: host, port: address.port)
        world.network.dial(process, credentials, target, timeoutSeconds: Self.settings.connectSeconds) {
            [self] dialed in
            guard case .line(let end) = dialed else { return body(nil) }
            let origin = world.number(process) | 1
            let hello = Hello(
                protocolVersion: ProtocolVersion.current, role: .trainer, name: greeting.name,
                computeProfile: TrainerNode.profile, dataFingerprint: "", server: nil, term: greeting.term,
                origin: origin)
            end.send(.hello(hello))
            end.receive(timeoutSeconds: Self.settings.answerSeconds) { received in
                if case .letter(let letter) = received, case .welcome(let welcome) = letter.message,
                    welcome.runID == greeting.runID
                {
                    return body(ShardLink(end, origin: origin))
                }
                end.close()
                body(nil)
            }
        }
    }

    private func ask(about line: ExchangeLine, _ connection: UInt64) {
        guard let link = workers[line]?.newest, link.number == connection else { return }
        let before = link.pulse
        let judge = { [self] (state: LinkState?) in
            step(.line(line, connection: connection, .judged(state, before: before, after: link.pulse)))
        }
        dial(line) { other in
            guard let other else { return judge(nil) }
            other.end.send(.linkRequest(origin: link.origin))
            other.end.receive(timeoutSeconds: Self.settings.answerSeconds) { received in
                other.end.close()
                if case .letter(let letter) = received, case .linkState(_, let state) = letter.message {
                    return judge(state)
                }
                judge(nil)
            }
        }
    }

    // MARK: - Tasks

    func open(_ purpose: ExchangeLine.Purpose) -> ExchangeTask {
        taskCount += 1
        let task = ExchangeTask(taskCount)
        step(.opened(task, purpose))
        return task
    }

    func forget(_ task: ExchangeTask) {
        step(.forgotten(task))
        results[task] = nil
    }

    func isDone(_ task: ExchangeTask) -> Bool { if case .done? = results[task] { true } else { false } }

    func wait(for task: ExchangeTask, _ body: @escaping (ExchangeResult) -> Void) {
        if let result = results[task] { return world.after(0, process) { body(result) } }
        waiters[task] = body
    }

    /// Says false where the task has failed.
    func waitForRoom(_ task: ExchangeTask, byteCount: Int, _ body: @escaping (Bool) -> Void) {
        roomWaiters.append((task, byteCount, body))
        wakeWhoWaitsForRoom()
    }

    private func wakeWhoWaitsForRoom() {
        guard !roomWaiters.isEmpty else { return }
        roomWaiters.removeAll { waiter in
            if case .failed? = results[waiter.task] {
                world.after(0, process) { waiter.body(false) }
                return true
            }
            let hasRoom = core.hasRoom(
                waiter.task, byteCount: waiter.byteCount, byteCountMax: Self.bytesInFlightMax)
            if hasRoom { world.after(0, process) { waiter.body(true) } }
            return hasRoom
        }
    }
}

extension ExchangeEvent {
    /// The line that it is of.
    fileprivate var line: ExchangeLine? {
        switch self {
        case .asked(_, let shard, let question, _): ExchangeLine(shard: shard, purpose: question.purpose)
        case .line(let line, _, _): line
        default: nil
        }
    }
}
