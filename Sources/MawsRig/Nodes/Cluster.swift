import MawsBase
import MawsProtocol
import MawsWire

/// The machines of a world, with the processes on them: who is started, dies and is started again.
final class Cluster {
    static let coordinator = Address(host: 0, port: 7000)

    private final class Machine {
        var process: Process?
        /// Whether a start is under way, and whether nobody starts anything on it any more.
        var isStarting = false
        var isDismissed = false
        var isDark = false
        var port: UInt16 = 7100
        var server: ServerNode?
        var trainer: TrainerNode?
        var coordinator: CoordinatorNode?
    }

    let world: World
    let shape: RunShape
    let arithmetic: Arithmetic
    let disk = CoordinatorDisk()
    let serverDisks: [ServerDisk]
    private var machines: [Machine]
    private var chance: Chance
    private(set) var isFinished = false

    init(_ world: World, _ arithmetic: Arithmetic) {
        (self.world, self.arithmetic, shape) = (world, arithmetic, arithmetic.shape)
        machines = (0..<1 + shape.shards + shape.trainers).map { _ in Machine() }
        serverDisks = (0..<shape.shards).map { _ in ServerDisk() }
        chance = Chance(seed: world.seed, .restarts)
    }

    var hostCount: Int { machines.count }
    private func isServer(_ host: Int) -> Bool { 1...shape.shards ~= host }
    func process(_ host: Int) -> Process? { machines[host].process.flatMap { $0.isAlive ? $0 : nil } }

    func begin() {
        for host in machines.indices { start(host, after: chance.seconds(0...0.5)) }
    }

    // MARK: - Lives

    func start(_ host: Int, after seconds: Double) {
        let machine = machines[host]
        guard !machine.isStarting, !machine.isDismissed else { return }
        machine.isStarting = true
        world.after(seconds, nil) { [self] in
            machine.isStarting = false
            guard !machine.isDark, machine.process?.isAlive != true, !machine.isDismissed else { return }
            let process = Process(host: host, name: name(host))
            machine.process = process
            world.note(.started, UInt64(host))
            world.say("\(process.name) starts")
            run(process, machine)
        }
    }

    private func name(_ host: Int) -> String {
        host == 0 ? "coordinator" : isServer(host) ? "server-\(host - 1)" : "trainer-\(host - 1 - shape.shards)"
    }

    private func run(_ process: Process, _ machine: Machine) {
        let host = process.host
        let exit = { [self] (reason: String) in
            world.say("\(process.name) ends: \(reason)")
            kill(process, awaySeconds: 0.5)
        }
        if host == 0 { return open(process, machine) }
        if isServer(host) {
            let node = ServerNode(
                world, process, serverDisks[host - 1], arithmetic,
                ShardIdentity(index: host - 1, count: shape.shards),
                address: Address(host: host, port: machine.port), coordinator: Self.coordinator, exit: exit)
            machine.server = node
            node.begin()
        } else {
            let node = TrainerNode(
                world, process, arithmetic, certificate: "trainer-\(host % 3)", coordinator: Self.coordinator,
                exit: exit)
            machine.trainer = node
            node.begin()
        }
    }

    private func open(_ process: Process, _ machine: Machine) {
        let start = RunStart(
            world: world, process: process, disk: disk, shape: shape,
            clockSeconds: world.nanoseconds / 1_000_000_000)
        start.open { [self] outcome in
            switch outcome {
            case .finished: finish()
            case .failed(let reason):
                world.say("the coordinator cannot start: \(reason)")
                kill(process, awaySeconds: 1)
            case .core(let core, let runID):
                let position = core.committed
                world.oracle.coordinatorStarted(
                    ObjectIdentifier(process), stage: Int(position.stage.value), step: position.step.value)
                let node = CoordinatorNode(world, process, disk, arithmetic, core, runID: runID) { [self] end in
                    ended(process, end)
                }
                machine.coordinator = node
                node.begin(Self.coordinator)
            }
        }
    }

    private func ended(_ process: Process, _ end: CoordinatorNode.End) {
        world.say("the coordinator ends: \(end)")
        if case .finished = end { return finish() }
        kill(process, awaySeconds: chance.seconds(0.2...3))
    }

    private func finish() {
        isFinished = true
        world.oracle.finished(disk.checkpoints.keys.map { (Int($0.stage.value), $0.step.value) })
    }

    func kill(_ process: Process, awaySeconds: Double) {
        guard process.isAlive else { return }
        world.note(.died, UInt64(process.host))
        world.say("\(process.name) dies")
        world.network.ended(process)
        process.die()
        start(process.host, after: awaySeconds)
    }

    /// The world is over.
    func end() {
        for machine in machines { machine.process?.die() }
        machines = []
    }

    // MARK: - Machines

    /// The machine dies with what is on it, and comes back later.
    func powerOff(_ host: Int, seconds: Double) {
        machines[host].isDark = true
        world.network.darken(host)
        machines[host].process?.die()
        if isServer(host) { lose(host) }
        world.after(seconds, nil) { [self] in
            machines[host].isDark = false
            world.network.lighten(host)
            start(host, after: chance.seconds(0...0.5))
        }
    }

    /// What is on a server's disk is not believed by the next process of another run of the machine.
    private func lose(_ host: Int) {
        let disk = serverDisks[host - 1]
        guard world.tampering.does(.believeOtherBoot), let file = disk.file else { return disk.file = nil }
        file.forgetPages()
    }

    /// Another process takes the run while the one that has it is stopped, where that is the mistake of this world.
    func takeOver() {
        guard world.tampering.does(.ignoreLock), let process = process(0) else { return }
        machines[0].process = nil
        world.say("\(process.name) is stopped and another one is started")
        start(0, after: 0.1)
    }

    func move(_ host: Int) { machines[host].port += 1 }

    /// A trainer goes for good; the last one stays.
    func dismiss(_ host: Int) {
        let trainers = machines.indices.filter { $0 > shape.shards && !machines[$0].isDismissed }
        guard trainers.count > 1, trainers.contains(host) else { return }
        machines[host].isDismissed = true
        if let process = process(host) { kill(process, awaySeconds: 0) }
    }

    func askToStop() { machines[0].coordinator?.post(.stop) }

    /// Who everybody waits for, as far as the coordinator knows.
    var standing: String {
        guard process(0) != nil, let node = machines[0].coordinator else { return "there is no coordinator" }
        let core = node.core
        return "\(core.mode) at \(core.committed), waits: \(core.wait(world.now).map { "\($0)" } ?? "for nobody")"
    }
}
