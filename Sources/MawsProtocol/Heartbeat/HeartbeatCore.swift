import MawsBase

/// Heartbeats of a coordinator: when it says something to everybody, and what the silence of servers means. A server
/// says something every second; one that does not holds up whoever gathers from it or pushes to it, though all of them
/// are at work as far as the coordinator knows.
package struct HeartbeatCore: Sendable {
    package enum Action: Hashable, Sendable {
        case beat
        /// Find out what became of this server; see `LineRule`.
        case look(PeerID)
    }

    /// A time in which nothing was heard of a server.
    package struct Silence: Hashable, Sendable {
        package var peer: PeerID
        package var seconds: Double
        /// 0: it is silent still.
        package var endedSecondsAgo: Double
    }

    private struct Known {
        var seconds: Double
        var heardAt: Moment
        var isLookedFor: Bool
        /// Whether it lasts.
        var isOpen: Bool
    }

    package static let beatSeconds = 1.0
    /// Shorter ones are worth no word.
    package static let silentSeconds = 2.0
    /// How long a silence that is over is still worth one: a server that works now and then holds everybody up most of
    /// the time, and is silent for some of it.
    package static let memorySeconds = 10.0

    private var beatAt: Moment
    private var known: [PeerID: Known] = [:]

    package init(now: Moment) { beatAt = now }

    /// - Parameter silentSeconds: since the last byte that came from each server.
    package mutating func tick(_ silentSeconds: [PeerID: Double], now: Moment) -> [Action] {
        var actions: [Action] = []
        if now.seconds(since: beatAt) >= Self.beatSeconds {
            beatAt = now
            actions.append(.beat)
        }
        known = known.filter { silentSeconds[$0.key] != nil }
        for (peer, seconds) in silentSeconds.sorted(by: { $0.key < $1.key }) {
            guard seconds >= Self.silentSeconds else {
                heard(peer, now)
                continue
            }
            // A shorter silence is another one, whose beginning was missed.
            let wasLookedFor = known[peer].map { $0.isOpen && $0.isLookedFor && $0.seconds <= seconds } ?? false
            let isDue = seconds >= CoordinatorCore.silentServerSeconds
            if isDue && !wasLookedFor { actions.append(.look(peer)) }
            known[peer] = Known(seconds: seconds, heardAt: now, isLookedFor: wasLookedFor || isDue, isOpen: true)
        }
        return actions
    }

    private mutating func heard(_ peer: PeerID, _ now: Moment) {
        known[peer]?.isOpen = false
        if let silence = known[peer], now.seconds(since: silence.heardAt) >= Self.memorySeconds { known[peer] = nil }
    }

    /// The longest that lasts; failing that the longest that is remembered.
    package func longest(_ now: Moment) -> Silence? {
        let silences = known.map { peer, silence in
            Silence(
                peer: peer, seconds: silence.seconds,
                endedSecondsAgo: silence.isOpen ? 0 : now.seconds(since: silence.heardAt))
        }
        let open = silences.filter { $0.endedSecondsAgo == 0 }
        return (open.isEmpty ? silences : open).max { ($0.seconds, $1.peer) < ($1.seconds, $0.peer) }
    }
}
