import Foundation
import MawsBase
import MawsCheckpoint
import MawsFiles
import MawsProtocol
import MawsTransport
import MawsWire
import Synchronization

/// Streams a checkpoint's slices to one server, on its connection for tensors, when it asks for them there. Each is
/// checked as it is read, so that a server gets what was written or nothing; a server seals nothing before it got all.
package final class ShardRestorer: Sendable {
    private struct Cancelled: Error {}

    private let checkpoints: RunCheckpoints
    private let position: RunPosition
    /// What the server was configured with.
    private let reply: Reply
    private let shard: ShardIdentity
    private let peer: Peer
    private let mailbox: Mailbox<NodeEvent>
    private let world: CoordinatorWorld
    private let isCancelled = Atomic(false)
    /// The connection that the slices were sent on last, or are.
    private let line = Mutex<BulkLine?>(nil)

    package init(
        checkpoints: RunCheckpoints, position: RunPosition, reply: Reply, shard: ShardIdentity, peer: Peer,
        mailbox: Mailbox<NodeEvent>, world: CoordinatorWorld = .real
    ) {
        self.checkpoints = checkpoints
        (self.position, self.reply) = (position, reply)
        self.shard = shard
        self.peer = peer
        (self.mailbox, self.world) = (mailbox, world)
    }

    /// The server has room for what it was configured for. It asks on each connection once; on another one the slices
    /// follow that did not arrive. They are sent on a thread of their own. A damaged checkpoint is the core's to
    /// replace; with a lost connection the server asks again on another one.
    ///
    /// - Parameter received: slices that it has, the first ones.
    package func asked(_ asked: Reply, received: Int) {
        guard asked == reply, let current = peer.bulk.line else { return }
        let isNew = line.withLock { line in
            defer { line = current }
            return line !== current
        }
        guard isNew else { return }
        world.beside { [self] in
            do {
                try send(after: received, over: current)
            } catch is Cancelled {
                return
            } catch let error as TransportError {
                mailbox.post(.remark("\(peer.label) was not restored: \(error)", source: peer.source))
                current.end()
            } catch let error as StorageError where error.isDamage {
                mailbox.post(.note("\(peer.label) cannot be restored from \(checkpoints.name(position)): \(error)"))
                mailbox.post(.core(.checkpointDamaged(position)))
            } catch {
                mailbox.post(.failed(sentence: "\(error)"))
            }
        }
    }

    /// No slice of this checkpoint is begun any more.
    package func cancel() { isCancelled.store(true, ordering: .sequentiallyConsistent) }

    private func send(after received: Int, over line: BulkLine) throws {
        let checkpoint = try checkpoints.open(position)
        let table = checkpoint.header.table
        let layout = ShardLayout(table: table, shard: shard)
        let wanted = table.blocks.indices.filter { !layout.slices[$0].isEmpty }.flatMap { block in
            table.blocks[block].restoredParts(at: position.step).map { (block, $0) }
        }.dropFirst(received)
        let counts = wanted.map { block, part in
            table.blocks[block].byteCount(part, slice: layout.slices[block]) ?? 0
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: counts.max() ?? 0, alignment: 64)
        defer { buffer.deallocate() }
        for ((block, part), count) in zip(wanted, counts) {
            let slice = TensorSlice(stage: position.stage, step: position.step, block: UInt32(block), part: part)
            let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[0..<count])
            try checkpoint.read(part, block: block, range: layout.slices[block], into: bytes)
            try write(.restore(reply.request, slice), UnsafeRawBufferPointer(bytes), line)
        }
        let done = Message.restoreDone(reply.request, stage: position.stage, step: position.step)
        try write(done, .init(start: nil, count: 0), line)
    }

    private func write(_ message: Message, _ bytes: UnsafeRawBufferPointer, _ line: BulkLine) throws {
        if isCancelled.load(ordering: .sequentiallyConsistent) { throw Cancelled() }
        do {
            try line.connection.send(message, slice: bytes)
        } catch {
            // With its server: the thread that receives tells of that.
            if isCancelled.load(ordering: .sequentiallyConsistent) { throw Cancelled() }
            throw error
        }
    }
}
