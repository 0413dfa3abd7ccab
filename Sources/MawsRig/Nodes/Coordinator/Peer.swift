import MawsBase
import MawsProtocol
import MawsWire

/// One process connected to the coordinator.
final class Peer {
    let id: PeerID
    let role: Role
    var name: String
    let certificate: String
    let origin: UInt64
    let shard: ShardIdentity?
    let listens: Address?
    let end: LineEnd
    let bulk = BulkPlace()
    /// Whether it was sent its last words.
    private(set) var isFinishing = false
    /// Whether its hello was handled, before which nothing more of it is read.
    var isSettled = false
    /// Since when its line is read.
    var readSince: UInt64

    init(_ id: PeerID, _ hello: Hello, _ end: LineEnd) {
        self.id = id
        (role, name, origin, self.end) = (hello.role, hello.name, hello.origin, end)
        certificate = end.peerCertificate
        shard = hello.server?.shard
        listens = hello.server.flatMap { server in Int(server.host).map { Address(host: $0, port: server.port) } }
        readSince = end.world.nanoseconds
    }

    var title: String { certificate == role.rawValue ? name : "\(name) (\(certificate))" }

    var connected: ConnectedPeer {
        ConnectedPeer(
            id: id, role: role, name: name, origin: origin, shard: shard, silentSeconds: end.silentSeconds)
    }

    func beats(_ now: UInt64) -> HeartbeatCore.Line {
        HeartbeatCore.Line(
            role, silentSeconds: end.silentSeconds, readSeconds: Double(now - readSince) / 1e9)
    }

    /// Tells it why it is not served any more, and ends its connection a little later.
    func dismiss(mayTryAgain: Bool) {
        bulk.close()
        isFinishing = true
        end.send(.refused(reason: "refused", mayTryAgain: mayTryAgain))
        end.world.after(0.5, end.process) { self.end.close() }
    }

    func leave() {
        end.close()
        bulk.close()
    }
}

/// Where a server's connection for tensors belongs: beside its connection for orders, from when that was welcomed, one
/// at a time.
final class BulkPlace {
    private var welcome: Message?
    private(set) var line: LineEnd?
    private var emptySince: Moment?

    func open(_ welcome: Message, _ now: Moment) { (self.welcome, emptySince) = (welcome, now) }

    func emptySeconds(_ now: Moment) -> Double? { emptySince.map { now.seconds(since: $0) } }

    /// Gives the place to this line, unless another one is there that was heard of lately.
    func take(_ end: LineEnd) -> AdmissionRefusal? {
        guard let welcome else { return .bulkTooEarly }
        let older = line
        if let older, older.silentSeconds < CoordinatorCore.silentServerSeconds { return .bulkTaken }
        (line, emptySince) = (end, nil)
        end.send(welcome)
        older?.close()
        return nil
    }

    func leave(_ end: LineEnd, _ now: Moment) {
        if line === end { (line, emptySince) = (nil, now) }
        end.close()
    }

    func close() {
        let line = line
        (welcome, self.line, emptySince) = (nil, nil, nil)
        line?.close()
    }
}
