import MawsBase
import MawsWire

/// Decides, on the side that dialed a line on which the other side sends at least every second, when that is asked
/// about the line on a new connection, and what its answer means.
///
/// Silence alone says little: the other side may be busy or stopped, or this process was. A line that the other side
/// does not have any more is dead, and so is one on which it sent what does not arrive.
package struct HeartbeatCheck: Sendable {
    package enum Verdict: Sendable {
        case dead
        /// The other side has the line and sent nothing that is missing.
        case whole
        case unknown
    }

    /// How long nothing arrives before the other side is asked.
    package static let quietSeconds = 3.0
    /// How long bytes are under way without any arriving before the line counts as dead.
    package static let stuckSeconds = 2.0
    /// Between two looks of a process that is not stopped, however busy its machine is.
    private static let lookSeconds = 2.0

    private var bytesReceived: UInt64?
    private var quietSince = Moment(nanoseconds: 0)
    private var lookedAt: Moment?
    private var stuckSince: Moment?

    package init() {}

    /// Takes in how many bytes arrived by now; to be called twice a second or so.
    ///
    /// - Returns: whether the other side is to be asked.
    package mutating func isQuiet(_ bytesReceived: UInt64, at moment: Moment) -> Bool {
        let wasAway = lookedAt.map { moment.seconds(since: $0) > Self.lookSeconds } ?? true
        lookedAt = moment
        if wasAway || bytesReceived != self.bytesReceived {
            self.bytesReceived = bytesReceived
            quietSince = moment
            stuckSince = nil
        }
        return moment.seconds(since: quietSince) >= Self.quietSeconds
    }

    /// Takes in what the other side says of the line.
    ///
    /// - Parameter bytesReceived: by now, after the answer.
    package mutating func verdict(_ state: LinkState, bytesReceived: UInt64, at moment: Moment) -> Verdict {
        // Asking takes as long as the other side does.
        lookedAt = moment
        guard bytesReceived == self.bytesReceived else { return .unknown }
        guard state.isOpen else { return .dead }
        guard state.bytesSent > bytesReceived else {
            stuckSince = nil
            return .whole
        }
        let since = stuckSince ?? moment
        stuckSince = since
        return moment.seconds(since: since) >= Self.stuckSeconds ? .dead : .unknown
    }
}
