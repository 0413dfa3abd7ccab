import MawsBase
import MawsProtocol
import MawsTransport
import MawsWire
import Synchronization

/// One connection of a server on which tensors travel. Another one of the same server is another line.
package final class BulkLine: Sendable {
    package let connection: any PeerConnection
    /// Requests and heartbeats that are on their way; slices are sent by who makes them.
    package let outbox: any PeerOutbox

    package init(_ connection: any PeerConnection, _ outbox: any PeerOutbox) {
        (self.connection, self.outbox) = (connection, outbox)
    }

    package convenience init(_ connection: Connection) {
        self.init(connection, Outbox(connection, bytesMax: MessageBudget.bulk.unsentBytesMax))
    }

    func end() { outbox.end() }
}

/// Where a server's connection for tensors belongs: beside its connection for orders, from when that was welcomed, one
/// at a time.
package final class BulkPlace: Sendable {
    private struct State {
        /// What the connection for orders was welcomed with; nil: it was not, or is no more.
        var welcome: Message?
        var line: BulkLine?
        /// Since when there is none though there may be one.
        var emptySince: Moment?
    }

    private let state = Mutex(State())

    package init() {}

    /// The server was welcomed: its connection for tensors may come, and is told the same.
    package func open(_ welcome: Message, _ now: Moment) {
        state.withLock { ($0.welcome, $0.emptySince) = (welcome, now) }
    }

    package var line: BulkLine? { state.withLock { $0.line } }

    /// Seconds for which there was no line where one may be; nil where there is one.
    package func emptySeconds(_ now: Moment) -> Double? {
        state.withLock { state in state.emptySince.map { now.seconds(since: $0) } }
    }

    /// Gives the place to this line, unless another one is there that was heard of lately.
    package func take(_ line: BulkLine) -> AdmissionRefusal? {
        let (older, refusal) = state.withLock { state -> (BulkLine?, AdmissionRefusal?) in
            guard let welcome = state.welcome else { return (nil, .bulkTooEarly) }
            let older = state.line
            let isSilent = older.map { $0.connection.silentSeconds >= CoordinatorCore.silentServerSeconds } ?? true
            guard isSilent else { return (nil, .bulkTaken) }
            (state.line, state.emptySince) = (line, nil)
            line.outbox.put(welcome)
            return (older, nil)
        }
        older?.end()
        return refusal
    }

    /// The line ended.
    package func leave(_ line: BulkLine, _ now: Moment = .now()) {
        state.withLock { state in
            if state.line === line { (state.line, state.emptySince) = (nil, now) }
        }
        line.end()
    }

    /// The server is lost, and with it the line.
    package func close() {
        let line = state.withLock { state in
            defer { state = State() }
            return state.line
        }
        line?.end()
    }

    /// A request; where there is no line, it is made again on the next one.
    package func put(_ message: Message) { line?.outbox.put(message) }

    func beat() { line?.outbox.beat() }
}
