import MawsBase
import MawsProtocol
import MawsWire

/// A coordinator process: runs the core's actions against simulated disk and network, as the coordinator's own shell
/// does: one thing after the other on the thread that decides, what takes a while beside it.
final class CoordinatorNode {
    enum Event {
        case joined(Peer, Hello)
        case message(Peer, Message)
        case lost(PeerID, PeerLoss)
        case core(CoordinatorEvent)
        case stop
        case failed(String)
    }

    enum Work {
        case event(Event)
        case core(CoordinatorEvent)
        case action(CoordinatorAction)
        case look
    }

    /// Why a coordinator's process ends.
    enum End {
        case finished, stopped
        case failed(String)
    }

    static let heartbeatTimeoutSeconds = 10.0
    private static let turnSeconds = 0.1

    let world: World
    let process: Process
    let disk: CoordinatorDisk
    let arithmetic: Arithmetic
    let shape: RunShape
    let shapes: [StageShape]
    let tables: [BlockTable]
    let runID: String
    let exit: (End) -> Void
    let credentials = Credentials(role: .coordinator, certificate: "coordinator")
    var core: CoordinatorCore
    var peers: [PeerID: Peer] = [:]
    var restorers: [PeerID: ShardRestorer] = [:]
    var heartbeats: HeartbeatCore
    private(set) lazy var collector = CheckpointCollector(self)
    private(set) lazy var gate = PeerGate(self)
    private(set) lazy var holderCheck = HolderCheck(self)
    let admission = Admission(fingerprint: TrainerNode.fingerprint, profile: nil, isBitIdentical: false)
    private var mailbox: [Event] = []
    private var stack: [Work] = []
    private var isTurning = false
    private var isLookDue = false
    /// Whether the thread that decides waits for its disk.
    private var isWriting = false
    var hasEnded = false

    init(
        _ world: World, _ process: Process, _ disk: CoordinatorDisk, _ arithmetic: Arithmetic, _ core: CoordinatorCore,
        runID: String, exit: @escaping (End) -> Void
    ) {
        (self.world, self.process, self.disk, self.arithmetic) = (world, process, disk, arithmetic)
        (self.core, self.runID, self.exit) = (core, runID, exit)
        shape = arithmetic.shape
        shapes = shape.protocolShapes()
        tables = arithmetic.tables
        heartbeats = HeartbeatCore(now: world.now, lostSeconds: Self.heartbeatTimeoutSeconds)
    }

    func begin(_ address: Address) {
        world.network.listen(process, address, credentials) { [gate] end in gate.accept(end) }
        stack = core.start().reversed().map { .action($0) }
        isTurning = true
        pump()
        keepTime()
    }

    private func keepTime() {
        world.after(Self.turnSeconds, process) { [self] in
            isLookDue = true
            wake()
            keepTime()
        }
    }

    func post(_ event: Event) {
        mailbox.append(event)
        wake()
    }

    private func wake() {
        guard !isTurning, !hasEnded else { return }
        isTurning = true
        world.after(world.workSeconds(process, 0.00002...0.0002), process) { [self] in
            let events = mailbox.map { Work.event($0) } + [.core(.tick)] + (isLookDue ? [.look] : [])
            (mailbox, isLookDue) = ([], false)
            stack = events.reversed()
            pump()
        }
    }

    /// Does what is to be done, until the disk is waited for.
    private func pump() {
        while !isWriting && !hasEnded && process.isAlive {
            guard let work = stack.popLast() else { break }
            perform(work)
        }
        guard !isWriting, !hasEnded, process.isAlive else { return }
        isTurning = false
        if !mailbox.isEmpty || isLookDue { wake() }
    }

    private func perform(_ work: Work) {
        switch work {
        case .event(let event): handle(event)
        case .core(let event): step(event)
        case .look: look()
        case .action(let action):
            let name = Self.name(action)
            world.reached(process, .coordinator(name, isDone: false))
            guard process.isAlive else { return }
            perform(action)
            if !isWriting { world.reached(process, .coordinator(name, isDone: true)) }
        }
    }

    /// Steps the core; what it asks for comes before all else that waits.
    func step(_ event: CoordinatorEvent) {
        if case .tick = event { return tick() }
        let before = core
        let actions = world.tampering.coordinator(&core, event, world.now)
        world.coverage.coordinator(before.mode, core.mode)
        world.oracle.check(core.violations() + core.violations(since: before, actions), of: "coordinator")
        world.note(.stepped, 0, UInt64(actions.count))
        for action in actions.reversed() { stack.append(.action(action)) }
    }

    /// Time passed, which mostly changes nothing.
    private func tick() {
        let mode = core.mode
        let actions = core.step(.tick, now: world.now)
        world.coverage.coordinator(mode, core.mode)
        guard !actions.isEmpty else { return }
        world.oracle.check(core.violations(), of: "coordinator")
        for action in actions.reversed() { stack.append(.action(action)) }
    }

    /// Does this next.
    func next(_ work: Work) { stack.append(work) }

    func end(_ end: End) {
        guard !hasEnded else { return }
        hasEnded = true
        exit(end)
    }

    // MARK: - Disk

    /// Writes on the thread that decides, which waits for it.
    func write(_ change: @escaping () -> Void, _ body: @escaping () -> Void) {
        isWriting = true
        write(seconds: 0.0005...0.006, change) { [self] isDone in
            isWriting = false
            world.reached(process, .written)
            guard process.isAlive else { return }
            guard isDone else { return end(.failed("a write was refused")) }
            body()
            pump()
        }
    }

    /// Writes beside it. What a disk refuses may be there all the same.
    func write(seconds: ClosedRange<Double>, _ change: @escaping () -> Void, _ body: @escaping (Bool) -> Void) {
        let duration = world.workSeconds(process, seconds)
        let isFull = disk.fullUntil > world.nanoseconds
        let isFailing = disk.failingWrites > 0
        if isFailing { disk.failingWrites -= 1 }
        let isKept = !isFull && (!isFailing || world.chance(process, 0.5))
        let moments = world.tampering.writeMoments(duration, isEarly: world.chance(process, 0.5))
        if isKept {
            world.after(moments.kept, process) { [self] in
                world.note(.written)
                change()
            }
        }
        world.after(moments.done, process) { body(!isFull && !isFailing) }
    }
}
