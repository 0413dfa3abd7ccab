import Foundation
import MawsBase
import MawsProtocol
import MawsStorage
import MawsTransport
import MawsWire

/// Streams a checkpoint's slices to one server.
struct ShardRestorer: Sendable {
    let checkpoint: Checkpoint
    let position: RunPosition
    let shard: ShardIdentity
    let peer: Peer
    let mailbox: Mailbox<NodeEvent>

    /// Runs on a thread of its own. A damaged checkpoint ends the run; a lost server is the receiving thread's to tell.
    func start() {
        Thread.detachNewThread { [self] in
            do {
                try send()
            } catch let error as TransportError {
                mailbox.post(.note("\(peer.name) was not restored: \(error)"))
            } catch {
                mailbox.post(.failed(sentence: "\(error)"))
            }
        }
    }

    private func send() throws {
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
            try peer.connection.send(.restore(slice), payload: UnsafeRawBufferPointer(bytes))
        }
        try peer.connection.send(.restoreDone(stage: position.stage, step: position.step))
    }
}
