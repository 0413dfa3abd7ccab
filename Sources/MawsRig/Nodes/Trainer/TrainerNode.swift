import MawsBase
import MawsProtocol
import MawsWire

/// A trainer process: its session with the coordinator, its exchange with the shards and the thread that computes.
final class TrainerNode {
    static let fingerprint = "data"
    static let profile = "reference; OpenBLAS; avx2; avx2"
    private static let tickSeconds = 0.25
    private static let connectSeconds = 5.0

    private let world: World
    private let process: Process
    private let credentials: Credentials
    private let coordinator: Address
    private let exit: (String) -> Void
    private let origin: UInt64
    private let links: ShardLinks
    private let computer: UnitComputer
    private var core: TrainerCore
    private var link: (number: UInt64, end: LineEnd?) = (0, nil)
    private var events: [TrainerEvent] = []
    private var isAwake = false
    private var hasEnded = false

    init(
        _ world: World, _ process: Process, _ arithmetic: Arithmetic, certificate: String, coordinator: Address,
        exit: @escaping (String) -> Void
    ) {
        (self.world, self.process, self.coordinator, self.exit) = (world, process, coordinator, exit)
        credentials = Credentials(role: .trainer, certificate: certificate)
        origin = world.number(process) | 1
        core = TrainerCore(
            settings: TrainerSettings(
                name: process.name, computeProfile: Self.profile, reconnectSeconds: 600, origin: origin))
        links = ShardLinks(world, process, credentials)
        computer = UnitComputer(world, process, arithmetic, links)
        computer.report = { [weak self] in self?.post($0) }
    }

    func begin() {
        links.begin()
        tick()
    }

    private func tick() {
        post(.tick)
        world.after(Self.tickSeconds, process) { if !self.hasEnded { self.tick() } }
    }

    private func post(_ event: TrainerEvent) {
        events.append(event)
        guard !isAwake else { return }
        isAwake = true
        world.after(world.workSeconds(process, 0...0.0003), process) { [self] in
            isAwake = false
            let taken = events
            events = []
            for event in taken { step(event) }
        }
    }

    private func step(_ event: TrainerEvent) {
        guard !hasEnded else { return }
        let before = core.standing
        let actions = core.step(event, now: world.now)
        world.coverage.trainer(before, core.standing)
        for action in actions where !hasEnded {
            world.reached(process, .trainer)
            guard process.isAlive else { return }
            perform(action)
        }
    }

    private func perform(_ action: TrainerAction) {
        switch action {
        case .connect(let number): connect(number)
        case .disconnect(let number): if link.number == number { link.end?.close() }
        case .send(let message): send(message)
        case .openData(let plan): open(plan)
        case .useShards(let roster, let term, let runID):
            links.use(roster, name: process.name, term: term, runID: runID)
        case .compute(let leases): computer.compute(leases)
        case .abandon(let why):
            computer.cancel()
            links.step(.dropped(why))
        case .giveBack(let lease): send(.unitFailed(UnitFailed(lease: lease, reason: "busy")))
        case .tell(let fact): world.say("\(process.name): \(fact)")
        case .exit(let end):
            hasEnded = true
            links.step(.ended)
            link.end?.close()
            exit("\(end)")
        }
    }

    private func send(_ message: Message) {
        guard let end = link.end, !end.send(message) else { return }
        end.close()
        post(.lost(connection: link.number, reason: "closed"))
    }

    private func open(_ plan: [UInt8]) {
        world.after(world.workSeconds(process, 0.01...0.5), process) { [self] in
            if world.chance(process, 0.05) { return post(.dataUnreachable(plan: plan, reason: "away")) }
            post(
                .dataOpened(
                    plan: plan,
                    DataFacts(
                        fingerprint: Self.fingerprint, productRate: 0,
                        heartbeatTimeoutSeconds: CoordinatorNode.heartbeatTimeoutSeconds)))
        }
    }

    // MARK: - The coordinator's line

    private func connect(_ number: UInt64) {
        link.end?.close()
        link = (number, nil)
        dial(Self.connectSeconds) { [self] dialed in
            guard case .line(let end) = dialed else { return post(.lost(connection: number, reason: "no line")) }
            guard link.number == number else { return end.close() }
            link.end = end
            post(.connected(connection: number))
            LineWatch(end, origin: origin, dial: dial) { self.post(.received(connection: number, .heartbeat)) }.begin()
            follow(end, number)
        }
    }

    private func dial(_ seconds: Double, _ body: @escaping (Dialed) -> Void) {
        world.network.dial(process, credentials, coordinator, timeoutSeconds: seconds, body)
    }

    private func follow(_ end: LineEnd, _ number: UInt64) {
        end.receive { [self] received in
            guard case .letter(let letter) = received else { return post(.lost(connection: number, reason: "closed")) }
            post(.received(connection: number, letter.message))
            follow(end, number)
        }
    }
}
