import MawsBase
import MawsProtocol
import MawsWire

/// A server's connection to the coordinator for orders: hello, then what it is told until it ends, and again.
final class ServerOrders {
    private static let timeoutSeconds = 10.0

    private let host: ServerHost
    private let world: World
    private let dial: (_ seconds: Double, @escaping (Dialed) -> Void) -> Void
    private let address: Address
    private let name: String
    /// Ends the process.
    private let exit: (String) -> Void
    private var attempts = 0
    private var wasFound = false
    private var isRefused = false
    private var watch: LineWatch?

    init(
        _ host: ServerHost, name: String, address: Address,
        dial: @escaping (_ seconds: Double, @escaping (Dialed) -> Void) -> Void, exit: @escaping (String) -> Void
    ) {
        (self.host, world, self.name, self.address) = (host, host.world, name, address)
        (self.dial, self.exit) = (dial, exit)
    }

    func begin() {
        dial(Self.timeoutSeconds) { [self] dialed in
            guard case .line(let end) = dialed else { return tryAgain() }
            greet(end)
        }
    }

    private func tryAgain(isRefused: Bool = false) {
        attempts += 1
        self.isRefused = isRefused
        let pause = 0.25 * Double(1 << min(max(0, attempts - 1), isRefused ? 2 : 4))
        world.after(pause, host.process) { self.begin() }
    }

    /// It waits for a commit that is being applied, so that it tells the truth.
    private func greet(_ end: LineEnd) {
        guard !host.core.isApplying else { return world.after(0.005, host.process) { self.greet(end) } }
        let server = host.core.hello(host: "\(address.host)", port: address.port)
        let hello = Hello(
            protocolVersion: ProtocolVersion.current, role: .server, name: name, computeProfile: "",
            dataFingerprint: "", server: server, term: host.core.term, origin: host.origin)
        end.send(.hello(hello))
        end.receive(timeoutSeconds: Self.timeoutSeconds) { [self] received in
            guard case .letter(let letter) = received else { return lose(end) }
            switch letter.message {
            case .welcome: join(end)
            case .refused(_, let mayTryAgain):
                end.close()
                guard mayTryAgain && !wasFound else { return exit("refused") }
                tryAgain(isRefused: true)
            default: lose(end)
            }
        }
    }

    private func join(_ end: LineEnd) {
        (attempts, wasFound) = (0, true)
        host.coordinator = end
        host.handle(.welcomed)
        let watch = LineWatch(end, origin: host.origin, dial: dial)
        self.watch = watch
        watch.begin()
        let bulk = ServerBulk(host, orders: end, dial: dial)
        bulk.begin()
        follow(end, watch, bulk)
    }

    private func lose(_ end: LineEnd) {
        end.close()
        tryAgain()
    }

    private func follow(_ end: LineEnd, _ watch: LineWatch, _ bulk: ServerBulk) {
        end.receive(timeoutSeconds: Self.timeoutSeconds) { [self] received in
            switch received {
            case .letter(let letter):
                watch.isHeldUp = true
                obey(letter.message) { [self] goesOn in
                    watch.isHeldUp = false
                    goesOn ? follow(end, watch, bulk) : leave(end, bulk)
                }
            case .timedOut where watch.wasWhole(withinSeconds: Self.timeoutSeconds): follow(end, watch, bulk)
            case .timedOut, .closed: leave(end, bulk)
            }
        }
    }

    private func leave(_ end: LineEnd, _ bulk: ServerBulk) {
        if host.coordinator === end { host.coordinator = nil }
        bulk.end()
        end.close()
        world.after(0.25, host.process) { self.begin() }
    }

    private func obey(_ message: Message, _ body: @escaping (Bool) -> Void) {
        switch message {
        case .configure(let configuration): inTurn(.configured(configuration), body)
        case .commit(let commit): inTurn(.committed(commit), body)
        case .freeze(let request, let stage, let step): inTurn(.freeze(request, stage: stage, step: step), body)
        case .thaw(let request): inTurn(.thaw(request), body)
        case .heartbeat: body(true)
        case .refused(_, true): body(false)
        case .shutdown, .refused: exit("ended")
        default:
            world.oracle.breach("\(message)", by: "coordinator", at: host.process.name)
            body(false)
        }
    }

    private func inTurn(_ event: ShardEvent, _ body: @escaping (Bool) -> Void) {
        host.inTurn { [self] done in
            host.handle(event) { _ in
                done()
                body(true)
            }
        }
    }
}
