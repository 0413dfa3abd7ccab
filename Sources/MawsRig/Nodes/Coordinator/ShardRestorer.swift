import MawsBase
import MawsProtocol
import MawsWire

/// Streams a checkpoint's slices to one server, on its connection for tensors, when it asks for them there.
final class ShardRestorer {
    private unowned let node: CoordinatorNode
    private let peer: Peer
    private let shard: ShardIdentity
    private let reply: Reply
    private let position: RunPosition
    private var isCancelled = false
    private var line: LineEnd?

    init(_ node: CoordinatorNode, _ peer: Peer, _ shard: ShardIdentity, _ reply: Reply, _ position: RunPosition) {
        (self.node, self.peer, self.shard, self.reply, self.position) = (node, peer, shard, reply, position)
    }

    func cancel() { isCancelled = true }

    /// It asks on each connection once; on another one the slices follow that did not arrive.
    func asked(_ asked: Reply, received: Int) {
        guard asked == reply, let current = peer.bulk.line, line !== current else { return }
        line = current
        let table = node.tables[Int(position.stage.value)]
        let slices = ShardLayout(table: table, shard: shard).slices
        let wanted = table.blocks.indices.filter { !slices[$0].isEmpty }.flatMap { block in
            table.blocks[block].restoredParts(at: position.step).map { (block, $0, slices[block]) }
        }
        send(wanted.dropFirst(received), over: current)
    }

    private func send(_ wanted: ArraySlice<(Int, WeightPart, Range<Int>)>, over line: LineEnd) {
        node.world.after(node.world.workSeconds(node.process, 0.0001...0.003), node.process) { [self] in
            guard !isCancelled, line.isOpen else { return }
            guard let (block, part, range) = wanted.first else {
                line.send(.restoreDone(reply.request, stage: position.stage, step: position.step))
                return
            }
            guard let checkpoint = checkpoint(node.world.tampering) else {
                return node.post(.core(.checkpointDamaged(position)))
            }
            let kept = part == .weight ? checkpoint.weights[block] : checkpoint.slots[block]
            let slice = TensorSlice(stage: position.stage, step: position.step, block: UInt32(block), part: part)
            let letter = Letter(
                .restore(reply.request, slice), kept[RunShape.chunks(range)].map { Cell(digest: $0) },
                payloadCount: 4 * range.count)
            line.send(letter) { self.send(wanted.dropFirst(), over: line) }
        }
    }

    /// The checkpoint that is restored; nil where it is damaged or gone.
    private func checkpoint(_ tampering: Tampering) -> StoredCheckpoint? {
        guard var checkpoint = node.disk.checkpoints[position] else { return nil }
        if tampering.does(.restoreOlder), let older = node.disk.positions(of: position.stage).last,
            let first = node.disk.checkpoints[older]
        {
            return first
        }
        guard checkpoint.isDamaged else { return checkpoint }
        guard tampering.does(.restoreDamaged) else { return nil }
        checkpoint.weights = checkpoint.weights.map { $0.map { $0 ^ 1 } }
        return checkpoint
    }
}
