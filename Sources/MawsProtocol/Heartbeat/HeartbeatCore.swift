import MawsBase

/// Heartbeats of a coordinator: when it says something to everybody, and what the silence of peers means. Everybody
/// says something every second; a server that does not holds up whoever gathers from it or pushes to it, though all of
/// them are at work as far as the coordinator knows.
package struct HeartbeatCore: Sendable {
    package enum Action: Hashable, Sendable {
        case beat
        /// Find out what became of this server; see `LineRule`.
        case look(PeerID)
        /// Nothing was heard of this peer for so long that it counts as gone.
        case lose(PeerID, silentSeconds: Double)
    }

    /// What is known of the line to a peer.
    package struct Line: Hashable, Sendable {
        package var role: Role
        /// Since the last byte that came.
        package var silentSeconds: Double
        /// For how long it has been read by now; 0 while it is not, as its reader does something else.
        package var readSeconds: Double

        package init(_ role: Role, silentSeconds: Double, readSeconds: Double) {
            (self.role, self.silentSeconds, self.readSeconds) = (role, silentSeconds, readSeconds)
        }
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

    /// Whoever ticks, and all of this process with it, may have been stopped: for so long a peer has to be found
    /// silent, so that what came meanwhile is read.
    package static let graceSeconds = 1.0

    private let lostSeconds: Double
    private var beatAt: Moment
    /// Peers that were silent for long enough to be lost, and when that was first found.
    private var overdue: [PeerID: Moment] = [:]
    private var known: [PeerID: Known] = [:]

    /// - Parameter lostSeconds: how long a peer may be silent while its line is read.
    package init(now: Moment, lostSeconds: Double) { (beatAt, self.lostSeconds) = (now, lostSeconds) }

    /// - Parameter lines: of all peers.
    package mutating func tick(_ lines: [PeerID: Line], now: Moment) -> [Action] {
        var actions: [Action] = []
        if now.seconds(since: beatAt) >= Self.beatSeconds {
            beatAt = now
            actions.append(.beat)
        }
        let lost = lost(lines, now)
        actions += lost.map { .lose($0.key, silentSeconds: $0.value.silentSeconds) }
        let servers = lines.filter { line in line.value.role == .server && !lost.contains { $0.key == line.key } }
        known = known.filter { servers[$0.key] != nil }
        for (peer, line) in servers.sorted(by: { $0.key < $1.key }) {
            let seconds = line.silentSeconds
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

    /// Those that are gone, in their order.
    private mutating func lost(_ lines: [PeerID: Line], _ now: Moment) -> [(key: PeerID, value: Line)] {
        let silent = lines.filter { min($0.value.silentSeconds, $0.value.readSeconds) >= lostSeconds }
        overdue = silent.reduce(into: [:]) { $0[$1.key] = overdue[$1.key] ?? now }
        return silent.filter { now.seconds(since: overdue[$0.key] ?? now) >= Self.graceSeconds }
            .sorted { $0.key < $1.key }
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
