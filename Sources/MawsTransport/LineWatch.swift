import Foundation
import MawsBase
import MawsWire
import Synchronization

/// Watches a line to the coordinator from the side that dialed it, and closes it when it is dead.
package final class LineWatch: Sendable {
    /// What a line is that this closed.
    package static let deadReason = "the coordinator has this connection no more, or nothing of it arrives"
    private static let lookSeconds = 0.5
    private static let askSeconds = 5.0

    private let connection: Connection
    private let ask: @Sendable () throws -> LinkState
    private let isEnded = Atomic(false)
    private let foundDead = Atomic(false)
    /// Whether the receiving thread does something else than receive.
    private let isHeldUp = Atomic(false)
    private let wholeAt = Mutex<Moment?>(nil)

    /// - Parameters:
    ///   - origin: what the connection's hello said.
    ///   - redial: makes another connection to the same process.
    package init(
        _ connection: Connection, origin: UInt64, redial: @escaping @Sendable (_ seconds: Double) throws -> Connection
    ) {
        self.connection = connection
        ask = {
            let other = try redial(Self.askSeconds)
            defer { other.close() }
            return try other.linkState(of: origin, timeoutSeconds: Self.askSeconds)
        }
    }

    /// Whether the connection was closed because it is dead.
    package var isDead: Bool { foundDead.load(ordering: .sequentiallyConsistent) }

    /// Whether the other side said within so many seconds that the line is whole: it is busy, and not gone.
    package func wasWhole(withinSeconds seconds: Double) -> Bool {
        wholeAt.withLock { $0.map { Moment.now().seconds(since: $0) < seconds } ?? false }
    }

    /// - Parameter whole: called each time the other side says that the line is.
    package func begin(whole: @escaping @Sendable () -> Void = {}) {
        Thread.detachNewThread { [self] in
            var check = HeartbeatCheck()
            while !isEnded.load(ordering: .relaxed) {
                look(&check, whole)
                Thread.sleep(forTimeInterval: Self.lookSeconds)
            }
        }
    }

    package func end() { isEnded.store(true, ordering: .relaxed) }

    /// What arrives meanwhile waits for the receiving thread.
    package func whileHeldUp<Result>(_ body: () throws -> Result) rethrows -> Result {
        isHeldUp.store(true, ordering: .sequentiallyConsistent)
        defer { isHeldUp.store(false, ordering: .sequentiallyConsistent) }
        return try body()
    }

    private func look(_ check: inout HeartbeatCheck, _ whole: () -> Void) {
        if isHeldUp.load(ordering: .sequentiallyConsistent) { check = HeartbeatCheck() }
        guard check.isQuiet(connection.bytesReceived, at: .now()), let state = try? ask() else { return }
        let verdict = check.verdict(state, bytesReceived: connection.bytesReceived, at: .now())
        guard !isHeldUp.load(ordering: .sequentiallyConsistent), !isEnded.load(ordering: .relaxed) else { return }
        switch verdict {
        case .dead:
            foundDead.store(true, ordering: .sequentiallyConsistent)
            isEnded.store(true, ordering: .relaxed)
            connection.close()
        case .whole:
            wholeAt.withLock { $0 = .now() }
            whole()
        case .unknown: break
        }
    }
}
