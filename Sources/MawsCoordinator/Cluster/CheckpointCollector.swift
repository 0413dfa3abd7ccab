import Foundation
import MawsBase
import MawsCheckpoint
import MawsProtocol
import MawsTransport
import MawsWire
import Synchronization

/// Gathers the slices of a checkpoint from all servers, on the threads of their connections for tensors. What counts,
/// the core decides, under the lock; nothing is read, written or sent under it.
package final class CheckpointCollector: Sendable {
    /// A checkpoint in the making.
    private struct Making {
        let writer: CheckpointWriter
        let peers: [PeerID: Peer]
        /// Makes room once the checkpoint is durable.
        let prune: @Sendable () throws -> Void
    }

    private struct State {
        var core = CheckpointCore()
        var making: [CheckpointAttempt: Making] = [:]
    }

    private let mailbox: Mailbox<NodeEvent>
    private let world: CoordinatorWorld
    private let state = Mutex(State())

    package init(mailbox: Mailbox<NodeEvent>, world: CoordinatorWorld = .real) {
        (self.mailbox, self.world) = (mailbox, world)
    }

    /// Opens a checkpoint and asks every server for its slices; before that, where steps go on, to keep its version.
    package func begin(
        _ position: RunPosition, header: CheckpointHeader, store: CheckpointStore,
        servers: [(peer: Peer, shard: ShardIdentity)], isBeside: Bool = false,
        prune: @escaping @Sendable () throws -> Void
    ) throws {
        abandonEarlier()
        let writer = try world.write(.checkpoint) { try store.begin(header) }
        let shards = servers.map { ($0.peer.id, $0.shard) }
        let making = Making(
            writer: writer,
            peers: Dictionary(uniqueKeysWithValues: servers.map { ($0.peer.id, $0.peer) }), prune: prune)
        let actions = state.withLock { state in
            let actions = state.core.step(
                .begun(
                    position, table: header.table, servers: Dictionary(uniqueKeysWithValues: shards),
                    isBeside: isBeside))
            if let attempt = state.core.attempt { state.making[attempt] = making }
            return actions
        }
        perform(actions)
    }

    /// Takes the payload of a slice off the connection and writes it to its place. What nobody asked for takes no
    /// memory.
    package func receive(
        _ slice: TensorSlice, _ request: RequestNumber, from peer: PeerID, over connection: any PeerConnection,
        byteCount: Int
    ) throws {
        let attempt = CheckpointAttempt(request.value)
        let announced = state.withLock { state -> (verdict: SliceVerdict, writer: CheckpointWriter)? in
            guard let writer = state.making[attempt]?.writer else { return nil }
            return (state.core.announced(slice, of: attempt, from: peer, byteCount: byteCount), writer)
        }
        guard let (verdict, writer) = announced else { return try connection.discardPayload() }
        switch verdict {
        case .discard: try connection.discardPayload()
        case .misfit(let due):
            throw TransportError.malformed(
                peer: connection.peerName, reason: "a slice of \(byteCount) bytes where \(due) are due")
        case .take(let ticket): try take(ticket, from: connection, byteCount: byteCount, to: writer)
        }
    }

    private func take(
        _ ticket: SliceTicket, from connection: any PeerConnection, byteCount: Int, to writer: CheckpointWriter
    ) throws {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 64)
        defer { bytes.deallocate() }
        do {
            try connection.receivePayload(into: bytes)
        } catch {
            step(.interrupted(ticket))
            throw error
        }
        do {
            try world.write(.checkpoint) {
                try writer.write(
                    ticket.slice.part, block: Int(ticket.slice.block), range: ticket.range,
                    bytes: UnsafeRawBufferPointer(bytes))
            }
            step(.written(ticket))
        } catch {
            step(.failed(ticket.attempt, .storage("\(error)")))
        }
    }

    /// A server that is asked for slices went away.
    package func lost(_ peer: PeerID) { step(.peerLost(peer)) }

    /// A server has another connection for tensors: what it was asked for on the last one may have been lost with it.
    package func lineOpened(_ peer: PeerID) { step(.lineOpened(peer)) }

    /// Whether slices of this server are missing.
    package func awaits(_ peer: PeerID) -> Bool { state.withLock { $0.core.awaits(peer) } }

    /// A server has not what it was asked for.
    package func declined(_ peer: PeerID, _ request: RequestNumber, _ reason: String) {
        step(.declined(peer, CheckpointAttempt(request.value), reason))
    }

    /// Another checkpoint is wanted first.
    package func giveUp() { step(.withdrawn) }

    private func step(_ event: CheckpointEvent) { perform(state.withLock { $0.core.step(event) }) }

    /// Two attempts may make the same folder: the earlier one's is gone before the next one's is made.
    private func abandonEarlier() {
        let earlier = state.withLock { state in
            let making = state.making
            state.making = [:]
            return making
        }
        for making in earlier.values { making.writer.abandon() }
    }

    private func perform(_ actions: [CheckpointAction]) {
        for action in actions {
            switch action {
            case .freeze(let id, let attempt, let position):
                peer(id, attempt)?.outbox.put(
                    .freeze(RequestNumber(attempt.number), stage: position.stage, step: position.step))
            case .ask(let id, let attempt, let slice):
                peer(id, attempt)?.bulk.put(.snapshot(RequestNumber(attempt.number), slice))
            case .kept(let id, let attempt, let slice):
                peer(id, attempt)?.bulk.put(.sliceKept(RequestNumber(attempt.number), slice))
            case .thaw(let id, let attempt): peer(id, attempt)?.outbox.put(.thaw(RequestNumber(attempt.number)))
            // Its next hello says where it is.
            case .lose(let id, let words): mailbox.post(.lost(id, .lacksSlice(words)))
            case .seal(let attempt): seal(attempt)
            case .abandon(let attempt): state.withLock { $0.making.removeValue(forKey: attempt) }?.writer.abandon()
            case .taken(let position): mailbox.post(.core(.checkpointTaken(position)))
            // The disk is everybody's: the run ends here, and goes on from its last commit when there is room.
            case .notTaken(_, .storage(let sentence)): mailbox.post(.failed(sentence: sentence))
            case .notTaken(let position, let failure): mailbox.post(.core(.checkpointFailed(position, failure)))
            }
        }
    }

    private func peer(_ id: PeerID, _ attempt: CheckpointAttempt) -> Peer? {
        state.withLock { $0.making[attempt]?.peers[id] }
    }

    /// Hashing and making the files durable takes a while for a large model: not on a thread that receives.
    private func seal(_ attempt: CheckpointAttempt) {
        guard let making = state.withLock({ $0.making.removeValue(forKey: attempt) }) else { return }
        world.beside { [self] in
            do {
                try world.write(.checkpoint) {
                    _ = try making.writer.finish()
                    try making.prune()
                }
                step(.sealed(attempt))
            } catch {
                mailbox.post(.failed(sentence: "\(error)"))
            }
        }
    }
}
