import MawsBase
import MawsTransport
import MawsWire

/// Watches a line to the coordinator from the side that dialed it, and closes it when it is dead.
final class LineWatch {
    private static let lookSeconds = 0.5
    private static let askSeconds = 5.0

    private let world: World
    private let end: LineEnd
    private let origin: UInt64
    private let dial: (_ seconds: Double, @escaping (Dialed) -> Void) -> Void
    private let whole: () -> Void
    private var check = HeartbeatCheck()
    private var wholeAt: Moment?
    /// Whether who receives does something else.
    var isHeldUp = false

    /// - Parameter whole: called each time the other side says that the line is.
    init(
        _ end: LineEnd, origin: UInt64, dial: @escaping (_ seconds: Double, @escaping (Dialed) -> Void) -> Void,
        whole: @escaping () -> Void = {}
    ) {
        (world, self.end, self.origin, self.dial, self.whole) = (end.world, end, origin, dial, whole)
    }

    func wasWhole(withinSeconds seconds: Double) -> Bool {
        wholeAt.map { world.now.seconds(since: $0) < seconds } ?? false
    }

    func begin() { look() }

    private func lookAgain() { world.after(Self.lookSeconds, end.process) { self.look() } }

    private func look() {
        guard end.isOpen else { return }
        if isHeldUp { check = HeartbeatCheck() }
        guard check.isQuiet(end.bytesReceived, at: world.now) else { return lookAgain() }
        dial(Self.askSeconds) { [self] dialed in
            guard case .line(let other) = dialed else { return lookAgain() }
            other.send(.linkRequest(origin: origin))
            other.receive(timeoutSeconds: Self.askSeconds) { [self] received in
                other.close()
                if case .letter(let letter) = received, case .linkState(_, let state) = letter.message { judge(state) }
                lookAgain()
            }
        }
    }

    private func judge(_ state: LinkState) {
        let verdict = check.verdict(state, bytesReceived: end.bytesReceived, at: world.now)
        guard !isHeldUp, end.isOpen else { return }
        switch verdict {
        case .dead:
            world.say("\(end.process.name) finds its line to the coordinator dead")
            end.close()
        case .whole:
            wholeAt = world.now
            whole()
        case .unknown: break
        }
    }
}

/// The greeted connections that a process accepted, by what their hellos called them.
final class OpenLines {
    private var lines: [UInt64: (end: LineEnd, isHeldUp: () -> Bool)] = [:]

    func add(_ end: LineEnd, origin: UInt64, isHeldUp: @escaping () -> Bool = { false }) {
        if origin != 0 { lines[origin] = (end, isHeldUp) }
    }

    func remove(_ end: LineEnd, origin: UInt64) {
        if lines[origin]?.end === end { lines[origin] = nil }
    }

    func state(of origin: UInt64) -> LinkState {
        guard let (end, isHeldUp) = lines[origin] else { return .unknown }
        return LinkState(
            isOpen: true, isHeldUp: isHeldUp(), bytesReceived: end.bytesReceived, bytesSent: end.bytesSent)
    }
}
