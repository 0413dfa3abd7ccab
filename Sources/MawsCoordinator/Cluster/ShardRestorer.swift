import Foundation
import MawsBase
import MawsProtocol
import MawsStorage
import MawsTransport
import MawsWire
import Synchronization

/// Streams a checkpoint's slices to one server. Each is checked as it is read, so that a server gets what was written
/// or nothing; a server seals nothing before it got all.
final class ShardRestorer: Sendable {
    private struct Cancelled: Error {}

    private let checkpoints: RunCheckpoints
    private let position: RunPosition
    private let shard: ShardIdentity
    private let peer: Peer
    private let mailbox: Mailbox<NodeEvent>
    private let isCancelled = Mutex(false)

    init(
        checkpoints: RunCheckpoints, position: RunPosition, shard: ShardIdentity, peer: Peer,
        mailbox: Mailbox<NodeEvent>
    ) {
        self.checkpoints = checkpoints
        self.position = position
        self.shard = shard
        self.peer = peer
        self.mailbox = mailbox
    }

    /// Runs on a thread of its own. A damaged checkpoint is the core's to replace; a lost server is the receiving
    /// thread's to tell.
    func start() {
        Thread.detachNewThread { [self] in
            do {
                try send()
            } catch is Cancelled {
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

    /// Nothing of this checkpoint is sent after the call.
    func cancel() { isCancelled.withLock { $0 = true } }

    private func send() throws {
        let checkpoint = try checkpoints.open(position)
        let table = checkpoint.header.table
        let layout = ShardLayout(table: table, shard: shard)
        // The moments of version 0 are zero, as those of a new state are.
        let slices = CheckpointCollector.slices(table, layout, position).filter {
            $0.kind == .weight || position.step.value > 0
        }
        let counts = slices.map { table.byteCount($0.kind, block: Int($0.block), slice: layout.slices[Int($0.block)]) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: counts.max() ?? 0, alignment: 64)
        defer { buffer.deallocate() }
        for (slice, count) in zip(slices, counts) {
            let range = layout.slices[Int(slice.block)]
            let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[0..<count])
            try checkpoint.read(kind: slice.kind, block: Int(slice.block), range: range, into: bytes)
            try unlessCancelled { try peer.connection.send(.restore(slice), payload: UnsafeRawBufferPointer(bytes)) }
        }
        try unlessCancelled {
            try peer.connection.send(.restoreDone(stage: position.stage, step: position.step))
        }
    }

    private func unlessCancelled(_ send: () throws -> Void) throws {
        try isCancelled.withLock { isCancelled in
            if isCancelled { throw Cancelled() }
            try send()
        }
    }
}
