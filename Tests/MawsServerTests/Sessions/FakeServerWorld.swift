import MawsBase
import MawsFiles
import MawsServer
import MawsTransport
import Synchronization

/// A server's world that a test moves: what is done beside the calling thread is done when its time comes, lines are
/// those that the test laid out, and its disk refuses what the test wants it to refuse.
final class FakeServerWorld: Sendable {
    struct State: Sendable {
        var now = Moment(nanoseconds: 0)
        var agenda: [(at: Moment, turn: @Sendable () -> Double?)] = []
        var isTurning = false
        /// What is dialed next, for orders and for tensors; nil is refused, as all is after it.
        var orders: [@Sendable () throws -> ScriptedChannel] = []
        var tensors: [@Sendable () throws -> ScriptedChannel] = []
        /// When the coordinator was dialed for its orders.
        var dialed: [Moment] = []
        var refusals: Set<StateAccess> = []
        var boot: [UInt8]? = [UInt8](repeating: 7, count: 16)
        var residentBytes: Int? = 0
        var memoryLooks = 0
    }

    private let held = Mutex(State())

    var state: State {
        get { held.withLock { $0 } }
        set { held.withLock { $0 = newValue } }
    }

    /// As it is now.
    var world: ServerWorld {
        ServerWorld(
            now: { self.now }, pause: { self.pass($0) },
            wait: { _, deadline in
                self.held.withLock { $0.now = max($0.now, deadline) }
                return false
            },
            beside: { turn in self.held.withLock { $0.agenda.append(($0.now, turn)) } },
            disk: { what, body in
                if self.held.withLock({ $0.refusals.contains(what) }) {
                    throw StorageError.full(path: "/fake/\(what)", bytes: 0)
                }
                try body()
            },
            boot: state.boot,
            residentBytes: {
                self.held.withLock { state in
                    state.memoryLooks += 1
                    return state.residentBytes
                }
            },
            dialOrders: { _ in
                self.held.withLock { $0.dialed.append($0.now) }
                return OrderLine(channel: try self.dial(\.orders), watch: QuietWatch(), localHost: "10.0.0.2")
            },
            dialTensors: { _ in try self.dial(\.tensors) })
    }

    var now: Moment { state.now }

    private func dial(_ lines: WritableKeyPath<State, [@Sendable () throws -> ScriptedChannel]>) throws
        -> ScriptedChannel
    {
        let next = held.withLock { $0[keyPath: lines].isEmpty ? nil : $0[keyPath: lines].removeFirst() }
        guard let next else { throw TransportError.connectionRefused(address: "10.0.0.1:1") }
        return try next()
    }

    /// Lets time go by, and what is due be done.
    func pass(_ seconds: Double) {
        let end = now + seconds
        while let turn = next(until: end) {
            let pause = turn()
            held.withLock { state in
                state.isTurning = false
                if let pause { state.agenda.append((state.now + pause, turn)) }
            }
        }
        held.withLock { $0.now = max($0.now, end) }
    }

    /// What is due next, which waits for nothing else meanwhile.
    private func next(until end: Moment) -> (@Sendable () -> Double?)? {
        held.withLock { state in
            guard !state.isTurning,
                let index = state.agenda.indices.min(by: { state.agenda[$0].at < state.agenda[$1].at }),
                state.agenda[index].at <= end
            else { return nil }
            let due = state.agenda.remove(at: index)
            (state.isTurning, state.now) = (true, max(state.now, due.at))
            return due.turn
        }
    }
}
