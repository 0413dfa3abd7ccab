import Foundation
import MawsBase
import MawsCheckpoint
import MawsFiles
import MawsProtocol
import MawsTransport
import MawsWire
import Synchronization

/// Streams a checkpoint's slices to one server. Each is checked as it is read, so that a server gets what was written
/// or nothing; a server seals nothing before it got all.
package final class ShardRestorer: Sendable {
    private let checkpoints: RunCheckpoints
    private let position: RunPosition
    /// That of the server's `configure`.
    private let request: RequestNumber
    private let shard: ShardIdentity
    private let peer: Peer
    private let mailbox: Mailbox<NodeEvent>
    private let world: CoordinatorWorld
    private let isCancelled = Atomic(false)

    package init(
        checkpoints: RunCheckpoints, position: RunPosition, request: RequestNumber, shard: ShardIdentity, peer: Peer,
        mailbox: Mailbox<NodeEvent>, world: CoordinatorWorld = .real
    ) {
        self.checkpoints = checkpoints
        (self.position, self.request) = (position, request)
        self.shard = shard
        self.peer = peer
        (self.mailbox, self.world) = (mailbox, world)
    }

    /// Returns at once. A damaged checkpoint is the core's to replace; a lost server is the receiving
    /// thread's to tell.
    package func start() {
        world.beside { [self] in
            do {
                try send()
            } catch is Outbox.Dropped {
                return
            } catch let error as TransportError {
                mailbox.post(.note("\(peer.label) was not restored: \(error)"))
            } catch let error as StorageError where error.isDamage {
                mailbox.post(.note("\(peer.label) cannot be restored from \(checkpoints.name(position)): \(error)"))
                mailbox.post(.core(.checkpointDamaged(position)))
            } catch {
                mailbox.post(.failed(sentence: "\(error)"))
            }
        }
    }

    /// Nothing of this checkpoint is sent after orders that are given from now on.
    package func cancel() {
        isCancelled.store(true, ordering: .sequentiallyConsistent)
        peer.outbox.dropSlices()
    }

    private func send() throws {
        let checkpoint = try checkpoints.open(position)
        let table = checkpoint.header.table
        let layout = ShardLayout(table: table, shard: shard)
        let wanted = table.blocks.indices.filter { !layout.slices[$0].isEmpty }.flatMap { block in
            table.blocks[block].restoredParts(at: position.step).map { (block, $0) }
        }
        let counts = wanted.map { block, part in
            table.blocks[block].byteCount(part, slice: layout.slices[block]) ?? 0
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: counts.max() ?? 0, alignment: 64)
        defer { buffer.deallocate() }
        for ((block, part), count) in zip(wanted, counts) {
            let slice = TensorSlice(stage: position.stage, step: position.step, block: UInt32(block), part: part)
            let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[0..<count])
            try checkpoint.read(part, block: block, range: layout.slices[block], into: bytes)
            try write(.restore(request, slice), UnsafeRawBufferPointer(bytes))
        }
        try write(.restoreDone(request, stage: position.stage, step: position.step), .init(start: nil, count: 0))
    }

    private func write(_ message: Message, _ bytes: UnsafeRawBufferPointer) throws {
        try peer.outbox.write(message, slice: bytes) { isCancelled.load(ordering: .sequentiallyConsistent) }
    }
}
