import Synchronization

/// Tells somebody who reads beside those who write whether what was read may have changed meanwhile.
///
/// Writers are told apart from each other by others; they only say when they begin and end.
package final class ChangeWatch: Sendable {
    private let state = Mutex((active: 0, begun: UInt64(0)))

    package init() {}

    /// Changes something.
    package func during<Result>(_ body: () throws -> Result) rethrows -> Result {
        state.withLock { state in
            state.active += 1
            state.begun += 1
        }
        defer { state.withLock { $0.active -= 1 } }
        return try body()
    }

    /// To be shown to `isUnchanged` after reading; nil while something is being changed.
    package func stamp() -> UInt64? { state.withLock { $0.active == 0 ? $0.begun : nil } }

    package func isUnchanged(since stamp: UInt64) -> Bool { self.stamp() == stamp }
}
