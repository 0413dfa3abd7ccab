import Foundation
import MawsBase

/// State that several threads share: one of them at a time, and others may wait for it to change.
final class Monitor<State>: @unchecked Sendable {
    private let condition = NSCondition()
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

    /// Waits until `ready` returns a value; nil when `seconds` passed before.
    func wait<Result>(seconds: Double = .infinity, _ ready: (inout State) throws -> Result?) rethrows -> Result? {
        condition.lock()
        defer { condition.unlock() }
        let start = Moment.now()
        while true {
            if let result = try ready(&state) {
                condition.broadcast()
                return result
            }
            let left = seconds - Moment.now().seconds(since: start)
            guard left > 0 else { return nil }
            // Short waits by the wall clock, measured by the monotonic one: a clock that is set cannot stretch them.
            _ = condition.wait(until: Date(timeIntervalSinceNow: min(left, 1)))
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
