import MawsBase
import MawsProtocol
import MawsWire

/// Lets peers in: reads the hello of each connection and hands what comes on it to the thread that decides. Those for
/// tensors it reads itself.
final class PeerGate {
    private static let helloSeconds = 10.0
    private static let sliceSeconds = 60.0

    private unowned let node: CoordinatorNode
    private let world: World
    private let lines = OpenLines()
    /// Servers whose connection for orders stands, by their origin.
    private var servers: [UInt64: Peer] = [:]
    private var nextPeer: UInt64 = 1

    init(_ node: CoordinatorNode) { (self.node, world) = (node, node.world) }

    func accept(_ end: LineEnd) {
        end.receive(timeoutSeconds: Self.helloSeconds) { [self] received in
            guard case .letter(let letter) = received else { return end.close() }
            switch letter.message {
            case .linkRequest(let origin):
                end.send(.linkState(Reply(term: Term(0), request: RequestNumber(origin)), lines.state(of: origin)))
                world.after(1, node.process) { end.close() }
            case .bulk(let origin): serve(end, origin)
            case .hello(let hello): greet(end, hello)
            default: end.close()
            }
        }
    }

    private func greet(_ end: LineEnd, _ hello: Hello) {
        if let refusal = Admission.refusal(of: hello, certified: end.peerRole) {
            world.refused(hello.name, refusal)
            end.send(.refused(reason: "\(refusal)", mayTryAgain: false))
            return end.close()
        }
        let peer = Peer(PeerID(nextPeer), hello, end)
        nextPeer += 1
        lines.add(end, origin: hello.origin)
        if hello.role == .server { servers[hello.origin] = peer }
        node.post(.joined(peer, hello))
        settle(peer)
    }

    /// What a peer sends next waits until its hello was handled.
    private func settle(_ peer: Peer) {
        guard peer.isSettled || peer.end.isClosed else {
            return world.after(0.0005, node.process) { self.settle(peer) }
        }
        follow(peer)
    }

    private func follow(_ peer: Peer) {
        peer.readSince = world.nanoseconds
        peer.end.receive { [self] received in
            guard case .letter(let letter) = received else { return leave(peer) }
            if letter.message != .heartbeat, !peer.isFinishing { node.post(.message(peer, letter.message)) }
            follow(peer)
        }
    }

    private func leave(_ peer: Peer) {
        lines.remove(peer.end, origin: peer.origin)
        if servers[peer.origin]?.id == peer.id { servers[peer.origin] = nil }
        node.post(.lost(peer.id, .line("closed")))
        peer.end.close()
    }

    // MARK: - Tensors

    private func serve(_ end: LineEnd, _ origin: UInt64) {
        let peer = end.peerRole == .server ? servers[origin] : nil
        let refusal = peer.map { $0.bulk.take(end) } ?? .bulkOfNobody
        guard let peer, refusal == nil else {
            end.send(.refused(reason: "bulk", mayTryAgain: refusal?.mayTryAgain ?? false))
            return world.after(0.1, node.process) { end.close() }
        }
        node.collector.lineOpened(peer.id)
        follow(end, peer, movedAt: world.now)
    }

    private func follow(_ end: LineEnd, _ peer: Peer, movedAt: Moment) {
        end.receive(timeoutSeconds: CoordinatorNode.heartbeatTimeoutSeconds) { [self] received in
            guard case .letter(let letter) = received else { return peer.bulk.leave(end, world.now) }
            var moved = node.collector.awaits(peer.id) ? movedAt : world.now
            switch letter.message {
            case .snapshotSlice(let reply, let slice):
                moved = world.now
                return node.collector.receive(slice, reply.request, from: peer.id, letter, end) { [self] isFit in
                    isFit ? follow(end, peer, movedAt: moved) : peer.bulk.leave(end, world.now)
                }
            case .unavailable(let reply, _): node.collector.declined(peer.id, reply.request)
            case .restoreRequest: node.post(.message(peer, letter.message))
            default: break
            }
            guard world.now.seconds(since: moved) < Self.sliceSeconds else { return peer.bulk.leave(end, world.now) }
            follow(end, peer, movedAt: moved)
        }
    }
}
