import Foundation
import MawsBase
import MawsProtocol
import MawsStorage
import MawsTensor
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
        let buffer = FloatBuffer(count: layout.slices.map(\.count).max() ?? 0)
        for slice in CheckpointCollector.slices(table, layout, position) {
            let range = layout.slices[Int(slice.block)]
            let bytes = buffer.bytes(of: 0..<range.count)
            try checkpoint.read(kind: slice.kind, block: Int(slice.block), range: range, into: bytes)
            try peer.connection.send(.restore(slice), payload: UnsafeRawBufferPointer(bytes))
        }
        try peer.connection.send(.restoreDone(stage: position.stage, step: position.step))
    }
}
