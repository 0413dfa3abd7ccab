import MawsBase
import MawsWire

/// What one side counted on a connection: bytes of frames, in both directions.
package struct LinkPulse: Hashable, Sendable {
    package var bytesSent: UInt64
    package var bytesReceived: UInt64

    package init(bytesSent: UInt64, bytesReceived: UInt64) {
        self.bytesSent = bytesSent
        self.bytesReceived = bytesReceived
    }
}

/// Decides when a connection on which nothing moves is asked about, and when it is dead.
///
/// A shard may be silent for long with good reason: it waits for a commit or for memory. A line that is open on this
/// side alone looks the same from here. So the shard is asked on a new connection: one that it does not know any more
/// is dead, and so is one on which bytes are under way and none of them arrives.
package struct LinkCheck: Sendable {
    /// How long nothing moves before the shard is asked.
    package static let quietSeconds = 3.0
    /// How long bytes are under way without any arriving before the line counts as dead.
    package static let stuckSeconds = 2.0

    private var pulse: LinkPulse?
    private var quietSince = Moment(nanoseconds: 0)
    private var stuck: (pulse: LinkPulse, state: LinkState, since: Moment)?

    package init() {}

    /// Takes in how a busy connection stands now.
    ///
    /// - Returns: whether the shard is to be asked.
    package mutating func isQuiet(_ now: LinkPulse, at moment: Moment) -> Bool {
        if now != pulse {
            pulse = now
            quietSince = moment
            stuck = nil
        }
        return moment.seconds(since: quietSince) >= Self.quietSeconds
    }

    /// Takes in what the shard says of the connection, whose pulse was `before` when it was asked and is `after` now.
    ///
    /// - Returns: whether the connection is dead.
    package mutating func isDead(_ state: LinkState, before: LinkPulse, after: LinkPulse, at moment: Moment) -> Bool {
        guard state.isOpen else { return before == after }
        let allArrived = state.bytesReceived == after.bytesSent && state.bytesSent == after.bytesReceived
        guard before == after, !allArrived, !state.isHeldUp else {
            stuck = nil
            return false
        }
        guard let stuck, stuck.pulse == after, stuck.state == state else {
            stuck = (after, state, moment)
            return false
        }
        return moment.seconds(since: stuck.since) >= Self.stuckSeconds
    }
}
