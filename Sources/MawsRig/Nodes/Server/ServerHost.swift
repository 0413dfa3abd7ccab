import MawsBase
import MawsProtocol
import MawsWire

/// Joins a shard's core to simulated memory, as the server's own shell does: what is locked happens with the step of
/// the core, the rest piece by piece after it, with other connections' events and the process's death in between.
final class ServerHost {
    struct BufferKey: Hashable {
        var generation: ShardGeneration
        var block: Int
        var sum: UnitTree.Sum
    }

    /// What was received for an event.
    enum Payload {
        case none
        case gradient([Cell], ShardGeneration, block: Int)
        case rows(UnitIndex, Cell)
    }

    /// A request whose connection waits for the core's answer.
    final class Pending {
        let end: LineEnd
        private(set) var answer: (action: ShardLockedAction, memory: ServerMemory?, term: Term)?
        private var body: (() -> Void)?

        init(_ end: LineEnd) { self.end = end }

        func decide(_ action: ShardLockedAction, _ memory: ServerMemory?, _ term: Term) {
            answer = (action, memory, term)
            wake()
        }

        func wait(_ body: @escaping () -> Void) {
            self.body = body
            wake()
        }

        private func wake() {
            guard answer != nil, let body else { return }
            self.body = nil
            end.world.after(0, end.process, body)
        }
    }

    let world: World
    let process: Process
    let disk: ServerDisk
    let arithmetic: Arithmetic
    let shard: ShardIdentity
    let origin: UInt64
    var core: ShardCore
    /// Content of the state file until it is taken or replaced.
    var found: StateFile?
    var memory: ServerMemory?
    /// The version that a checkpoint is made of, by slice.
    var frozen: (request: RequestNumber, cells: [TensorSlice: [Cell]])?
    var generation = ShardGeneration(0)
    var buffers: [BufferKey: [Cell]] = [:]
    var rows: [UnitIndex: Cell] = [:]
    /// Sums of squares of the reduced gradient, by block.
    var squares: [[Double]] = []
    var requests: [ShardRequest: Pending] = [:]
    private var nextRequest: UInt64 = 1
    var coordinator: LineEnd?
    var bulk: LineEnd?
    /// Ends the process: it cannot go on.
    let fail: (String) -> Void
    private var isInTurn = false
    private var turns: [() -> Void] = []

    init(
        _ world: World, _ process: Process, _ disk: ServerDisk, _ arithmetic: Arithmetic, _ shard: ShardIdentity,
        fail: @escaping (String) -> Void
    ) {
        (self.world, self.process, self.disk, self.arithmetic, self.shard) = (world, process, disk, arithmetic, shard)
        self.fail = fail
        origin = world.number(process) | 1
        found = disk.file.flatMap { $0.isSealed ? $0 : nil }
        defer { process.onDeath.append { [weak self] in self?.letGo() } }
        let hello = found.map { file in
            ServerHello(
                shard: shard, host: "", port: 0, runID: file.configuration.runID, stage: file.configuration.stage,
                step: StepIndex(file.step),
                hasReduced: file.hasReduced || world.tampering.does(.claimReduced) && file.claimReduced())
        }
        core = ShardCore(shard: shard, found: hello)
    }

    private func letGo() {
        (turns, requests, memory, found, frozen) = ([], [:], nil, nil, nil)
    }

    /// Steps the core and does what belongs under its lock.
    func step(_ event: ShardEvent, received: Payload = .none) -> ShardActions {
        let before = core.phase
        let actions = world.tampering.shard(&core, event, world.now)
        world.coverage.shard(before, core.phase)
        // Time that passes mostly changes nothing.
        if event != .tick || !actions.isEmpty { world.oracle.check(core.violations(), of: process.name) }
        world.note(.stepped, UInt64(process.host), UInt64(actions.unlocked.count << 8 | actions.locked.count))
        for action in actions.locked { perform(action, received) }
        return actions
    }

    private func perform(_ action: ShardLockedAction, _ received: Payload) {
        switch (action, received) {
        case (.keepGradient(let sum), .gradient(let cells, let generation, let block)):
            buffers[BufferKey(generation: generation, block: block, sum: sum)] = cells
        case (.discard, .gradient(let cells, let generation, let block)): addAgain(cells, generation, block)
        case (.keepRows, .rows(let unit, let cell)): rows[unit] = cell
        case (.serve(let request, _), _) where memory == nil: answer(request, .decline(request, .lostState))
        case (.serve(let request, _), _), (.serveFrozen(let request, _), _), (.serveRows(let request, _, _, _), _),
            (.decline(let request, _), _):
            answer(request, action)
        default: break
        }
    }

    /// A duplicate counts, where that is the mistake of this world.
    private func addAgain(_ cells: [Cell], _ generation: ShardGeneration, _ block: Int) {
        guard world.tampering.does(.countDuplicate) else { return }
        let own = buffers.keys.filter { $0.generation == generation && $0.block == block }
        guard let key = own.min(by: { $0.sum.number < $1.sum.number }), let sum = buffers[key] else { return }
        buffers[key] = zip(sum, cells).map { $0 + $1 }
    }

    private func answer(_ request: ShardRequest, _ action: ShardLockedAction) {
        requests[request]?.decide(action, memory, core.term)
    }

    func handle(
        _ event: ShardEvent, received: Payload = .none, _ body: @escaping ([ShardLockedAction]) -> Void = { _ in }
    ) {
        let actions = step(event, received: received)
        run(actions.unlocked) { body(actions.locked) }
    }

    /// Does these actions one after the other, and those that follow from them.
    func run(_ actions: [ShardAction], _ body: @escaping () -> Void) {
        guard let action = actions.first else { return body() }
        world.after(world.workSeconds(process, 0.00002...0.0004), process) { [self] in
            world.reached(process, .shard(ServerHost.name(action), isDone: false))
            guard process.isAlive else { return }
            perform(action) { [self] event in
                world.reached(process, .shard(ServerHost.name(action), isDone: true))
                guard process.isAlive else { return }
                let more = event.map { step($0).unlocked } ?? []
                run(Array(actions.dropFirst()) + more, body)
            }
        }
    }

    private func perform(_ action: ShardAction, _ body: @escaping (ShardEvent?) -> Void) {
        switch action {
        case .dropReaders(let numbers):
            for number in numbers { requests[number]?.end.close() }
            body(nil)
        case .send(let message):
            tell(message)
            body(nil)
        case .askRestore(let reply, let received):
            bulk?.send(.restoreRequest(reply, received: UInt32(received)))
            body(nil)
        case .report(let reply, let stage, let step):
            tell(
                .reduced(
                    Reduced(
                        reply, stage: stage, step: step, chunkSquares: squares.flatMap(\.self), bytesPushed: 0,
                        bytesGathered: 0)))
            body(nil)
        case .abandonCoordinator(let conflict):
            world.say("\(process.name) abandons the coordinator: \(conflict)")
            tell(.unavailable(core.reply, "conflict"))
            coordinator?.close()
            body(nil)
        default: work(action, body)
        }
    }

    /// To the coordinator. When it is away the next `hello` says what it needs to know.
    private func tell(_ message: Message) {
        guard let coordinator else { return }
        if !coordinator.send(message) { coordinator.close() }
    }

    // MARK: - Requests

    /// Asks the core to read memory, waits for its answer and keeps the memory readable until `body` says that it is
    /// through.
    func ask(
        _ end: LineEnd, _ number: RequestNumber, _ event: (ShardRequest) -> ShardEvent,
        _ body: @escaping (ShardLockedAction, ServerMemory?, Reply, _ done: @escaping () -> Void) -> Void
    ) {
        let (request, pending) = (ShardRequest(nextRequest), Pending(end))
        nextRequest += 1
        requests[request] = pending
        run(step(event(request)).unlocked) {
            pending.wait { [self] in
                guard let (action, memory, term) = pending.answer else { return }
                let end = { [self] in
                    requests[request] = nil
                    handle(.requestEnded(request))
                }
                let isEarly = world.tampering.does(.endRequestsEarly)
                if isEarly { end() }
                body(action, memory, Reply(term: term, request: number)) { if !isEarly { end() } }
            }
        }
    }

    // MARK: - Turns

    /// Orders are obeyed and slices copied one at a time.
    func inTurn(_ body: @escaping (_ done: @escaping () -> Void) -> Void) {
        guard !isInTurn else { return turns.append { self.inTurn(body) } }
        isInTurn = true
        body { [self] in
            isInTurn = false
            if !turns.isEmpty { turns.removeFirst()() }
        }
    }
}
