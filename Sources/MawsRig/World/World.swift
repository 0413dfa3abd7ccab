import MawsBase

/// A simulated world: its clock, what is to happen in it, its network, and who watches. Nothing in it knows more than
/// the seed.
final class World {
    /// What is put down for a process does not happen once that is dead, and later while it is stopped.
    private struct Deed {
        var owner: Process?
        var body: () -> Void
    }

    /// When worlds begin.
    static let birth: UInt64 = 1_000_000_000_000

    let seed: UInt64
    private(set) var nanoseconds = World.birth
    private(set) var trace: Trace
    private(set) var eventCount = 0
    private var agenda = Agenda<Deed>()
    private var work: [Chance]
    let oracle: Oracle
    let coverage = Coverage()
    let tampering: Tampering
    private(set) lazy var network = Network(self)
    /// What a process has come to, which may be the end of it.
    var reached: (Process, CrashPoint) -> Void = { _, _ in }

    init(seed: UInt64, hostCount: Int, oracle: Oracle, tampering: Tampering, linesMax: Int) {
        self.seed = seed
        self.oracle = oracle
        self.tampering = tampering
        trace = Trace(linesMax: linesMax)
        work = (0..<hostCount).map { Chance(seed: seed, .work, $0) }
    }

    var now: Moment { Moment(nanoseconds: nanoseconds) }
    /// Since the world began.
    var seconds: Double { Double(nanoseconds - Self.birth) / 1e9 }

    /// Does something later: not at all if its process is dead by then, and later still if it is stopped.
    func after(_ seconds: Double, _ owner: Process?, _ body: @escaping () -> Void) {
        agenda.put(at: nanoseconds + UInt64(max(0, seconds) * 1e9), Deed(owner: owner, body: body))
    }

    func at(_ moment: UInt64, _ owner: Process?, _ body: @escaping () -> Void) {
        agenda.put(at: max(moment, nanoseconds), Deed(owner: owner, body: body))
    }

    /// Lets the next thing happen; false where nothing is left.
    func advance() -> Bool {
        guard let entry = agenda.take() else { return false }
        nanoseconds = entry.at
        if let owner = entry.deed.owner {
            guard owner.isAlive else { return true }
            guard owner.stoppedUntil <= nanoseconds else {
                agenda.postpone(entry, to: owner.stoppedUntil)
                return true
            }
        }
        eventCount += 1
        entry.deed.body()
        return true
    }

    /// It is over: what was still to happen does not.
    func end() {
        agenda = Agenda()
        network.end()
        reached = { _, _ in }
    }

    /// What a piece of work takes a process.
    func workSeconds(_ process: Process, _ range: ClosedRange<Double>) -> Double {
        work[process.host].seconds(range) * process.slowness
    }

    func chance(_ process: Process, _ probability: Double) -> Bool { work[process.host].happens(probability) }
    func number(_ process: Process) -> UInt64 { work[process.host].number() }

    func note(_ what: Happening, _ first: UInt64 = 0, _ second: UInt64 = 0) {
        trace.note(nanoseconds, what.rawValue, first, second)
    }

    func say(_ text: @autoclosure () -> String) { trace.say(nanoseconds, text) }
}

/// What a trace is made of.
enum Happening: UInt64 {
    case started = 1
    case died, dialed, delivered, closed, stepped, fault, written
}
