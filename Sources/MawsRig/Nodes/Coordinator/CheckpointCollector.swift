import MawsBase
import MawsProtocol
import MawsWire

/// Gathers the slices of a checkpoint from all servers. What counts, the core decides.
final class CheckpointCollector {
    private struct Making {
        var checkpoint: StoredCheckpoint
        let position: RunPosition
        let peers: [PeerID: Peer]
    }

    private unowned let node: CoordinatorNode
    private let world: World
    private var core = CheckpointCore()
    private var making: [CheckpointAttempt: Making] = [:]

    init(_ node: CoordinatorNode) { (self.node, world) = (node, node.world) }

    func begin(_ position: RunPosition, isBeside: Bool) {
        making = [:]
        let blocks = node.shape.stages[Int(position.stage.value)].blocks
        let empty = blocks.map { [UInt64](repeating: 0, count: $0.chunks) }
        let servers = node.peers.values.filter { node.core.shard(of: $0.id) != nil }
        let shards = Dictionary(uniqueKeysWithValues: servers.map { ($0.id, node.core.shard(of: $0.id)) })
        let next = Making(
            checkpoint: StoredCheckpoint(runID: node.runID, weights: empty, slots: empty), position: position,
            peers: Dictionary(uniqueKeysWithValues: servers.map { ($0.id, $0) }))
        let table = node.tables[Int(position.stage.value)]
        let actions = step(
            .begun(position, table: table, servers: shards.compactMapValues { $0 }, isBeside: isBeside))
        if let attempt = core.attempt { making[attempt] = next }
        perform(actions)
    }

    private func step(_ event: CheckpointEvent) -> [CheckpointAction] {
        let before = core.standing
        let actions = core.step(event)
        world.coverage.checkpoint(before, core.standing)
        world.oracle.check(core.violations(), of: "checkpoints")
        return actions
    }

    /// - Parameter body: called when the slice was taken, or dropped; false where its size is wrong.
    func receive(
        _ slice: TensorSlice, _ request: RequestNumber, from peer: PeerID, _ letter: Letter, _ end: LineEnd,
        _ body: @escaping (Bool) -> Void
    ) {
        var (slice, attempt) = (slice, CheckpointAttempt(request.value))
        if world.tampering.does(.countLeftoverSlice), let current = core.attempt, let now = making[current]?.position {
            (slice.step, slice.stage, attempt) = (now.step, now.stage, current)
        }
        guard making[attempt] != nil else { return body(true) }
        switch core.announced(slice, of: attempt, from: peer, byteCount: letter.payloadCount) {
        case .discard: body(true)
        case .misfit: body(false)
        case .take(let ticket):
            world.after(world.workSeconds(node.process, 0.0001...0.004), node.process) { [self] in
                if !end.isOpen, world.chance(node.process, 0.3) {
                    perform(step(.interrupted(ticket)))
                } else {
                    write(ticket, letter.cells)
                    perform(step(.written(ticket)))
                }
                body(true)
            }
        }
    }

    private func write(_ ticket: SliceTicket, _ cells: [Cell]) {
        let block = Int(ticket.slice.block)
        for (chunk, cell) in zip(RunShape.chunks(ticket.range), cells) {
            if ticket.slice.part == .weight {
                making[ticket.attempt]?.checkpoint.weights[block][chunk] = cell.digest
            } else if !world.tampering.does(.checkpointWithoutSlots) {
                making[ticket.attempt]?.checkpoint.slots[block][chunk] = cell.digest
            }
        }
    }

    func lost(_ peer: PeerID) {
        if !world.tampering.does(.forgetLostServer) { perform(step(.peerLost(peer))) }
    }
    func lineOpened(_ peer: PeerID) { perform(step(.lineOpened(peer))) }
    func awaits(_ peer: PeerID) -> Bool { core.awaits(peer) }

    /// A server has not what it was asked for.
    func declined(_ peer: PeerID, _ request: RequestNumber) {
        perform(step(.declined(peer, CheckpointAttempt(request.value), "lack")))
    }

    /// Another one is wanted first.
    func giveUp() { perform(step(.withdrawn)) }

    private func perform(_ actions: [CheckpointAction]) {
        for action in actions {
            switch action {
            case .ask(let peer, let attempt, let slice):
                making[attempt]?.peers[peer]?.bulk.line?.send(.snapshot(RequestNumber(attempt.number), slice))
            case .freeze(let peer, let attempt, let position):
                making[attempt]?.peers[peer]?.end.send(
                    .freeze(RequestNumber(attempt.number), stage: position.stage, step: position.step))
            case .kept(let peer, let attempt, let slice):
                making[attempt]?.peers[peer]?.bulk.line?.send(.sliceKept(RequestNumber(attempt.number), slice))
            case .thaw(let peer, let attempt):
                making[attempt]?.peers[peer]?.end.send(.thaw(RequestNumber(attempt.number)))
            case .lose(let peer, let words): node.post(.lost(peer, .lacksSlice(words)))
            case .seal(let attempt): seal(attempt)
            case .abandon(let attempt): making[attempt] = nil
            case .taken(let position): node.post(.core(.checkpointTaken(position)))
            case .notTaken(let position, let failure): node.post(.core(.checkpointFailed(position, failure)))
            }
        }
    }

    private func seal(_ attempt: CheckpointAttempt) {
        guard let made = making.removeValue(forKey: attempt) else { return }
        let ended = node.core.endedStages
        node.publish(made.checkpoint, at: made.position) { [self] in
            node.prune(made.position.stage, ended: ended)
            perform(step(.sealed(attempt)))
        }
    }
}
