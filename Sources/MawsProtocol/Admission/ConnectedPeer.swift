import MawsBase
import MawsWire

/// What is known of one connection when another one comes.
package struct ConnectedPeer: Hashable, Sendable {
    package var id: PeerID
    package var role: Role
    package var name: String
    /// `Hello.origin`; 0: its process is not told from others.
    package var origin: UInt64
    /// A server's.
    package var shard: ShardIdentity?
    /// Since the last byte that came from it.
    package var silentSeconds: Double

    package init(
        id: PeerID, role: Role, name: String, origin: UInt64, shard: ShardIdentity?, silentSeconds: Double = 0
    ) {
        (self.id, self.role, self.name) = (id, role, name)
        (self.origin, self.shard, self.silentSeconds) = (origin, shard, silentSeconds)
    }

    /// The name under which no other living process of the run is known: with a number behind it where its own is
    /// taken. Another process of the same shard is the same server, come again; viewers may be called as they like.
    package func name(among others: [ConnectedPeer]) -> String {
        let taken = Set(
            others.filter { $0.role != .viewer && !isSameProcess(as: $0) && !isSameShard(as: $0) }.map(\.name))
        guard role != .viewer, taken.contains(name) else { return name }
        let free = (2...taken.count + 2).lazy.map { "\(name)-\($0)" }.first { !taken.contains($0) }
        return free ?? name
    }

    func isSameProcess(as other: ConnectedPeer) -> Bool {
        other.id != id && other.role == role && other.origin != 0 && other.origin == origin
    }

    private func isSameShard(as other: ConnectedPeer) -> Bool { other.shard != nil && other.shard == shard }
}

/// Why an older connection makes room for a newer one.
package enum ReplacementReason: Hashable, Sendable {
    /// Its process came back on the new one.
    case cameBack
    /// A server was not heard of for so long, and the new one brings the shard's state.
    case silent(seconds: Double)
}

extension CoordinatorCore {
    /// Connections that a newcomer ends: a process that is back before its loss was noticed, and a server whose place
    /// it may take, must not stand in its way.
    package func replaced(
        by newcomer: ConnectedPeer, _ server: ServerHello?, among peers: [ConnectedPeer]
    ) -> [PeerID: ReplacementReason] {
        let earlier = peers.filter(newcomer.isSameProcess)
        if !earlier.isEmpty { return Dictionary(uniqueKeysWithValues: earlier.map { ($0.id, .cameBack) }) }
        guard let server, let holder = holder(of: server.shard), holder != newcomer.id,
            let silence = peers.first(where: { $0.id == holder })?.silentSeconds,
            mayReplace(holder, server, silentSeconds: silence)
        else { return [:] }
        return [holder: .silent(seconds: silence)]
    }
}
