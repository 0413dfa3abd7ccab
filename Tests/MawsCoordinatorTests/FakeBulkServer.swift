import MawsBase
import MawsCoordinator
import MawsProtocol
import MawsTransport
import MawsWire
import Testing

/// A server with both of its connections, without sockets.
final class FakeBulkServer {
    let shard: ShardIdentity
    let peer: Peer
    /// Its newest connection for tensors.
    private(set) var tensors: FakeLine

    init(_ index: Int, of count: Int) throws {
        shard = ShardIdentity(index: index, count: count)
        let orders = FakeLine(.server, certificate: "server", address: "10.0.0.7:\(index + 1)")
        peer = Peer(
            id: PeerID(UInt64(index + 1)), role: .server, name: "server-\(index)", origin: 7, shard: shard,
            listens: nil, connection: orders, outbox: orders)
        tensors = orders
        peer.bulk.open(.heartbeat, Moment(nanoseconds: 0))
        try open()
    }

    /// Another connection for tensors takes the place of the last one.
    func open() throws {
        if let line = peer.bulk.line { peer.bulk.leave(line) }
        tensors = FakeLine(.server, certificate: "server", address: "10.0.0.7:\(shard.index + 11)")
        try #require(peer.bulk.take(BulkLine(tensors, tensors)) == nil)
        // The welcome.
        _ = tensors.take()
    }
}
