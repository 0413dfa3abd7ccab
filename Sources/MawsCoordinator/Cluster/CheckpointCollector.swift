import Foundation
import MawsBase
import MawsProtocol
import MawsStorage
import MawsTransport
import MawsWire

/// Gathers the slices of a checkpoint from all servers, on the threads that receive them.
final class CheckpointCollector: @unchecked Sendable {
    private struct Collection {
        var position: RunPosition
        /// Makes room once the checkpoint is durable.
        var prune: @Sendable () throws -> Void
        var writer: CheckpointWriter
        var table: BlockTable
        var layouts: [PeerID: ShardLayout]
        var slicesMissing: Int
    }

    private let mailbox: Mailbox<NodeEvent>
    /// Guards `collection`.
    private let lock = NSLock()
    private var collection: Collection?

    init(mailbox: Mailbox<NodeEvent>) { self.mailbox = mailbox }

    /// Opens a checkpoint and asks every server for its slices.
    func begin(
        _ position: RunPosition, header: CheckpointHeader, store: CheckpointStore,
        servers: [(peer: Peer, shard: ShardIdentity)], prune: @escaping @Sendable () throws -> Void
    ) throws {
        let layouts = servers.map { ShardLayout(table: header.table, shard: $0.shard) }
        let requests = layouts.map { Self.slices(header.table, $0, position) }
        let collection = Collection(
            position: position, prune: prune, writer: try store.begin(header), table: header.table,
            layouts: Dictionary(uniqueKeysWithValues: zip(servers.map(\.peer.id), layouts)),
            slicesMissing: requests.reduce(0) { $0 + $1.count })
        lock.withLock { self.collection = collection }
        for (server, slices) in zip(servers, requests) {
            for slice in slices { server.peer.outbox.put(.snapshot(slice)) }
        }
    }

    /// Every slice of the table that a shard holds: weights and their slots.
    private static func slices(_ table: BlockTable, _ layout: ShardLayout, _ position: RunPosition) -> [TensorSlice] {
        table.blocks.indices.filter { !layout.slices[$0].isEmpty }.flatMap { block in
            table.blocks[block].parts.map {
                TensorSlice(stage: position.stage, step: position.step, block: UInt32(block), part: $0)
            }
        }
    }

    /// Takes the payload of a slice off the connection and writes it to its place. What nobody asked for takes no
    /// memory.
    func receive(_ slice: TensorSlice, from peer: Peer, byteCount: Int) throws {
        guard let (writer, range, expected) = target(slice, peer.id) else {
            return try peer.connection.discardPayload()
        }
        guard byteCount == expected else {
            throw TransportError.malformed(
                peer: peer.connection.peerName, reason: "a slice of \(byteCount) bytes where \(expected) are due")
        }
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 64)
        defer { bytes.deallocate() }
        try peer.connection.receivePayload(into: bytes)
        do {
            try writer.write(
                slice.part, block: Int(slice.block), range: range, bytes: UnsafeRawBufferPointer(bytes))
            if let finished = countDown() { finish(finished) }
        } catch {
            fail("\(error)")
        }
    }

    /// A server that is asked for slices went away.
    func lost(_ peer: PeerID) {
        let concerns = lock.withLock { collection?.layouts[peer] != nil }
        if concerns { fail("a server left while it was taken") }
    }

    private func target(_ slice: TensorSlice, _ peer: PeerID) -> (CheckpointWriter, Range<Int>, byteCount: Int)? {
        lock.withLock {
            guard let collection, let layout = collection.layouts[peer], slice.step == collection.position.step,
                slice.stage == collection.position.stage, layout.slices.indices.contains(Int(slice.block))
            else { return nil }
            let (block, range) = (collection.table.blocks[Int(slice.block)], layout.slices[Int(slice.block)])
            return block.byteCount(slice.part, slice: range).map { (collection.writer, range, byteCount: $0) }
        }
    }

    private func countDown() -> Collection? {
        lock.withLock {
            collection?.slicesMissing -= 1
            guard let finished = collection, finished.slicesMissing == 0 else { return nil }
            collection = nil
            return finished
        }
    }

    /// Hashing and making the files durable takes a while for a large model: not on a thread that receives.
    private func finish(_ collection: Collection) {
        Thread.detachNewThread { [mailbox] in
            do {
                _ = try collection.writer.finish()
                try collection.prune()
                mailbox.post(.core(.checkpointTaken(collection.position)))
            } catch {
                mailbox.post(.failed(sentence: "\(error)"))
            }
        }
    }

    private func fail(_ reason: String) {
        let failed = lock.withLock {
            defer { collection = nil }
            return collection
        }
        guard let failed else { return }
        failed.writer.abandon()
        mailbox.post(.core(.checkpointFailed(failed.position, reason: reason)))
    }
}
