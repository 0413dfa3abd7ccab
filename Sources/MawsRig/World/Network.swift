import MawsBase
import MawsWire

/// Where a process listens.
struct Address: Hashable {
    var host: Int
    var port: UInt16
}

/// What comes of a dial.
enum Dialed {
    case line(LineEnd)
    case refused
    case timedOut
}

/// Whose certificate a process has.
struct Credentials {
    var role: Role
    var certificate: String
}

/// The network between machines. What it does to a connection it does to bytes that stay whole and in order: they are
/// late, come when a link is there again, or never. Connections overtake each other.
final class Network {
    struct Link: Hashable {
        var from: Int
        var to: Int
    }

    private struct Listener {
        var process: Process
        var credentials: Credentials
        var accept: (LineEnd) -> Void
    }

    /// What a connection carries: slow enough for things to happen while a slice is on its way.
    static let bytesASecond = 5e6
    unowned let world: World
    private var chance: Chance
    private var listeners: [Address: Listener] = [:]
    private var blocked: [Link: UInt64] = [:]
    private var slow: [Link: (seconds: Double, until: UInt64)] = [:]
    private var darkHosts: Set<Int> = []
    private var ends: [LineEnd] = []
    private var lineCount: UInt64 = 0

    init(_ world: World) {
        self.world = world
        chance = Chance(seed: world.seed, .network)
    }

    func latency(from: Int, to: Int) -> Double {
        let usual = chance.happens(0.02) ? chance.seconds(0.001...0.08) : chance.seconds(0.0001...0.002)
        guard let (seconds, until) = slow[Link(from: from, to: to)], until > world.nanoseconds else { return usual }
        return usual + chance.seconds(0...seconds)
    }

    func losesOnClose() -> Bool { chance.happens(0.5) }

    /// Until when nothing gets from one machine to another.
    func blockedUntil(from: Int, to: Int) -> UInt64 { blocked[Link(from: from, to: to)] ?? 0 }

    // MARK: - Connections

    func listen(
        _ process: Process, _ address: Address, _ credentials: Credentials, _ accept: @escaping (LineEnd) -> Void
    ) {
        listeners[address] = Listener(process: process, credentials: credentials, accept: accept)
    }

    func dial(
        _ process: Process, _ credentials: Credentials, _ address: Address, timeoutSeconds: Double,
        _ body: @escaping (Dialed) -> Void
    ) {
        let deadline = world.nanoseconds + UInt64(timeoutSeconds * 1e9)
        reach(process, credentials, address, deadline, body)
    }

    private func reach(
        _ process: Process, _ credentials: Credentials, _ address: Address, _ deadline: UInt64,
        _ body: @escaping (Dialed) -> Void
    ) {
        let there = latency(from: process.host, to: address.host) + latency(from: address.host, to: process.host)
        world.after(there, process) { [self] in
            let way = [
                blockedUntil(from: process.host, to: address.host), blockedUntil(from: address.host, to: process.host),
                darkHosts.contains(address.host) ? UInt64.max : 0,
            ]
            let listener = listeners[address].flatMap { $0.process.isAlive ? $0 : nil }
            let until = max(way.max() ?? 0, listener?.process.stoppedUntil ?? 0)
            if until > deadline || world.nanoseconds > deadline {
                return world.at(deadline, process) { body(.timedOut) }
            }
            if until > world.nanoseconds {
                return world.at(until, process) { self.reach(process, credentials, address, deadline, body) }
            }
            guard let listener else { return body(.refused) }
            connect(process, credentials, listener, body)
        }
    }

    private func connect(
        _ process: Process, _ credentials: Credentials, _ listener: Listener, _ body: @escaping (Dialed) -> Void
    ) {
        lineCount += 1
        let own = LineEnd(
            self, process, number: 2 * lineCount,
            peer: (listener.credentials.role, listener.credentials.certificate))
        let other = LineEnd(
            self, listener.process, number: 2 * lineCount + 1, peer: (credentials.role, credentials.certificate))
        (own.other, other.other) = (other, own)
        ends.removeAll { !$0.isOpen && $0.other?.isOpen != true }
        ends += [own, other]
        world.note(.dialed, own.number)
        world.after(latency(from: process.host, to: listener.process.host), listener.process) { listener.accept(other) }
        body(.line(own))
    }

    // MARK: - Faults

    /// A process is gone: its system ends its connections.
    func ended(_ process: Process) {
        for end in ends where end.process === process {
            end.close()
            end.abandon()
        }
    }

    /// A machine is gone, and nobody is told.
    func darken(_ host: Int) {
        darkHosts.insert(host)
        for end in ends where end.process.host == host {
            end.isDeaf = true
            end.other?.isDeaf = true
        }
    }

    /// It is there again: whoever has a connection with one of its dead processes learns of it.
    func lighten(_ host: Int) {
        darkHosts.remove(host)
        for end in ends where end.process.host == host && !end.process.isAlive {
            guard let other = end.other, other.isOpen else { continue }
            world.after(chance.seconds(0.1...20), other.process) { other.end() }
        }
    }

    func block(from: Int, to: Int, seconds: Double) {
        let until = world.nanoseconds + UInt64(seconds * 1e9)
        let link = Link(from: from, to: to)
        blocked[link] = max(blocked[link] ?? 0, until)
    }

    func slowDown(from: Int, to: Int, by seconds: Double, for duration: Double) {
        slow[Link(from: from, to: to)] = (seconds, world.nanoseconds + UInt64(duration * 1e9))
    }

    /// The world is over.
    func end() {
        for end in ends { end.abandon() }
        (ends, listeners) = ([], [:])
    }

    private func between(_ first: Int, _ second: Int) -> [LineEnd] {
        ends.filter { end in
            end.isOpen && end.process.host == first && end.other?.process.host == second
        }
    }

    /// Ends all connections between two machines, on both sides.
    func cut(_ first: Int, _ second: Int) {
        for end in between(first, second) {
            let other = end.other
            world.after(0, end.process) { end.end() }
            if let other { world.after(chance.seconds(0...0.5), other.process) { other.end() } }
        }
    }

    /// All that is sent from one machine to the other on the connections that there are is lost for good, and nobody is
    /// told.
    func deafen(from first: Int, to second: Int) {
        for end in between(first, second) { end.isDeaf = true }
    }
}
