import Foundation
import MawsBase
import MawsTransport

/// State that several threads share: one of them at a time, and others may wait for it to change.
final class Monitor<State>: @unchecked Sendable {
    private let condition = MonotonicCondition()
    private var state: State

    init(_ state: State) { self.state = state }

    /// Reads or changes the state, then wakes everybody who waits for it.
    func with<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
        condition.lock()
        defer {
            condition.broadcast()
            condition.unlock()
        }
        return try body(&state)
    }

    /// Looks at the state, which wakes nobody.
    func read<Result>(_ body: (State) throws -> Result) rethrows -> Result {
        condition.lock()
        defer { condition.unlock() }
        return try body(state)
    }

    /// Changes the state, and wakes who waits for it where the body says that somebody may go on.
    func withWaking<Result>(_ body: (inout State) -> (result: Result, wakes: Bool)) -> Result {
        condition.lock()
        defer { condition.unlock() }
        let (result, wakes) = body(&state)
        if wakes { condition.broadcast() }
        return result
    }

    /// Waits until `ready` returns a value; nil when `seconds` passed before.
    func wait<Result>(seconds: Double = .infinity, _ ready: (inout State) throws -> Result?) rethrows -> Result? {
        condition.lock()
        defer { condition.unlock() }
        // A year is as good as for ever.
        let deadline = Moment.now() + min(seconds, 3e7)
        var isLate = false
        while true {
            if let result = try ready(&state) {
                condition.broadcast()
                return result
            }
            if isLate { return nil }
            isLate = !condition.wait(until: deadline)
        }
    }
}

/// Runs `body` on a thread of its own.
func startThread(_ name: String, _ body: @escaping @Sendable () -> Void) {
    let thread = Thread(block: body)
    thread.name = name
    thread.stackSize = 8 << 20
    thread.start()
}
