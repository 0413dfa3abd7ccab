import MawsBase
import MawsWire

/// The taking of checkpoints as a pure machine: which slices are due from whom, which of those that come count, and
/// when one is whole. What it counts are slices, not messages: one that comes twice, from an attempt that was given up
/// for instance, stands for no other.
package struct CheckpointCore: Sendable {
    private struct Collection {
        let attempt: CheckpointAttempt
        let position: RunPosition
        let table: BlockTable
        let layouts: [PeerID: ShardLayout]
        /// Whether steps go on meanwhile.
        let isBeside: Bool
        /// Asked for and not come yet; being read and written; in their places.
        var due: [PeerID: Set<TensorSlice>]
        var underWay: [PeerID: Set<TensorSlice>] = [:]
        var written: [PeerID: Set<TensorSlice>] = [:]

        var isComplete: Bool { due.isEmpty && underWay.isEmpty }
    }

    private enum State {
        case idle
        case collecting(Collection)
        case sealing(CheckpointAttempt, RunPosition)
    }

    private var state = State.idle
    private var attempts: UInt64 = 0

    package init() {}

    /// Where it may be, for whoever counts which of them were seen.
    package enum Standing: Int, CaseIterable, Sendable {
        case idle, collecting, sealing
    }

    package var standing: Standing {
        switch state {
        case .idle: .idle
        case .collecting: .collecting
        case .sealing: .sealing
        }
    }

    /// The attempt under way.
    package var attempt: CheckpointAttempt? {
        switch state {
        case .idle: nil
        case .collecting(let collection): collection.attempt
        case .sealing(let attempt, _): attempt
        }
    }

    package mutating func step(_ event: CheckpointEvent) -> [CheckpointAction] {
        switch event {
        case .begun(let position, let table, let servers, let isBeside):
            return begin(position, table, servers, isBeside: isBeside)
        case .written(let ticket): return written(ticket)
        case .failed(let attempt, let failure): return fail(attempt, failure)
        case .peerLost(let peer): return lose(peer)
        case .declined(let peer, let attempt, let words): return decline(peer, attempt, words)
        case .withdrawn:
            guard case .collecting(let collection) = state else { return [] }
            return fail(collection.attempt, .overtaken)
        case .interrupted(let ticket): return interrupt(ticket)
        case .lineOpened(let peer): return askAgain(peer)
        case .sealed(let attempt):
            guard case .sealing(attempt, let position) = state else { return [] }
            state = .idle
            return [.taken(position)]
        }
    }

    /// A server sends a slice of so many bytes.
    package mutating func announced(
        _ slice: TensorSlice, of attempt: CheckpointAttempt, from peer: PeerID, byteCount: Int
    ) -> SliceVerdict {
        guard case .collecting(var collection) = state, attempt == collection.attempt,
            collection.due[peer]?.contains(slice) == true,
            let range = collection.layouts[peer]?.slices[Int(slice.block)]
        else { return .discard }
        let expected = collection.table.blocks[Int(slice.block)].byteCount(slice.part, slice: range) ?? 0
        guard byteCount == expected else { return .misfit(byteCountDue: expected) }
        collection.due.remove(slice, of: peer)
        collection.underWay[peer, default: []].insert(slice)
        state = .collecting(collection)
        return .take(SliceTicket(attempt: collection.attempt, peer: peer, slice: slice, range: range))
    }

    private mutating func begin(
        _ position: RunPosition, _ table: BlockTable, _ servers: [PeerID: ShardIdentity], isBeside: Bool
    ) -> [CheckpointAction] {
        var actions = thaw()
        if let attempt { actions.append(.abandon(attempt)) }
        attempts += 1
        let layouts = servers.mapValues { ShardLayout(table: table, shard: $0) }
        let due = layouts.mapValues { Self.slices(table, $0, position) }
        let collection = Collection(
            attempt: CheckpointAttempt(attempts), position: position, table: table, layouts: layouts,
            isBeside: isBeside, due: due.mapValues(Set.init).filter { !$0.value.isEmpty })
        state = .collecting(collection)
        if isBeside { actions += due.keys.sorted().map { .freeze($0, collection.attempt, position) } }
        for (peer, slices) in due.sorted(by: { $0.key < $1.key }) {
            actions += slices.map { .ask(peer, collection.attempt, $0) }
        }
        return actions + sealIfComplete()
    }

    /// Every slice of the table that a shard holds: weights and their slots.
    private static func slices(_ table: BlockTable, _ layout: ShardLayout, _ position: RunPosition) -> [TensorSlice] {
        table.blocks.indices.filter { !layout.slices[$0].isEmpty }.flatMap { block in
            table.blocks[block].parts.map {
                TensorSlice(stage: position.stage, step: position.step, block: UInt32(block), part: $0)
            }
        }
    }

    private mutating func written(_ ticket: SliceTicket) -> [CheckpointAction] {
        guard case .collecting(var collection) = state, collection.attempt == ticket.attempt,
            collection.underWay[ticket.peer]?.contains(ticket.slice) == true
        else { return [] }
        collection.underWay.remove(ticket.slice, of: ticket.peer)
        collection.written[ticket.peer, default: []].insert(ticket.slice)
        state = .collecting(collection)
        let kept = CheckpointAction.kept(ticket.peer, ticket.attempt, ticket.slice)
        return (collection.isBeside ? [kept] : []) + sealIfComplete()
    }

    /// What servers were told to keep they need keep no longer.
    private func thaw() -> [CheckpointAction] {
        guard case .collecting(let collection) = state, collection.isBeside else { return [] }
        return collection.layouts.keys.sorted().map { .thaw($0, collection.attempt) }
    }

    private mutating func sealIfComplete() -> [CheckpointAction] {
        guard case .collecting(let collection) = state, collection.isComplete else { return [] }
        let thawed = thaw()
        state = .sealing(collection.attempt, collection.position)
        return thawed + [.seal(collection.attempt)]
    }

    private mutating func fail(_ attempt: CheckpointAttempt, _ failure: CheckpointFailure) -> [CheckpointAction] {
        guard attempt == self.attempt, let position else { return [] }
        let thawed = thaw()
        state = .idle
        return thawed + [.abandon(attempt), .notTaken(position, failure)]
    }

    /// Once all slices of a server are here, a checkpoint does without it. One that comes back is at a later version,
    /// as far as anybody knows.
    private mutating func lose(_ peer: PeerID) -> [CheckpointAction] {
        guard case .collecting(let collection) = state,
            collection.due[peer] != nil || collection.underWay[peer] != nil
        else { return [] }
        return fail(collection.attempt, .serverLost)
    }

    /// Where steps wait for the checkpoint all servers are at its version, so that one which has it not is not where
    /// the run is.
    private mutating func decline(
        _ peer: PeerID, _ attempt: CheckpointAttempt, _ words: String
    ) -> [CheckpointAction] {
        guard case .collecting(let collection) = state, collection.attempt == attempt, collection.due[peer] != nil
        else { return [] }
        return collection.isBeside ? fail(attempt, .lacking(words)) : [.lose(peer, words)]
    }

    /// What of a slice came before its connection ended is worth nothing: it is due again.
    private mutating func interrupt(_ ticket: SliceTicket) -> [CheckpointAction] {
        guard case .collecting(var collection) = state, collection.attempt == ticket.attempt,
            collection.underWay[ticket.peer]?.contains(ticket.slice) == true
        else { return [] }
        collection.underWay.remove(ticket.slice, of: ticket.peer)
        collection.due[ticket.peer, default: []].insert(ticket.slice)
        state = .collecting(collection)
        return [.ask(ticket.peer, ticket.attempt, ticket.slice)]
    }

    /// On the connection that was, requests and answers may have been lost.
    private func askAgain(_ peer: PeerID) -> [CheckpointAction] {
        guard case .collecting(let collection) = state, let due = collection.due[peer],
            let layout = collection.layouts[peer]
        else { return [] }
        return Self.slices(collection.table, layout, collection.position).filter(due.contains)
            .map { .ask(peer, collection.attempt, $0) }
    }

    /// Whether slices of this peer are due.
    package func awaits(_ peer: PeerID) -> Bool {
        if case .collecting(let collection) = state { collection.due[peer] != nil } else { false }
    }

    private var position: RunPosition? {
        switch state {
        case .idle: nil
        case .collecting(let collection): collection.position
        case .sealing(_, let position): position
        }
    }

    /// What must be true after every event, and is not.
    package func violations() -> [String] {
        guard case .collecting(let collection) = state else { return [] }
        var found: [String] = []
        if collection.isComplete { found.append("all slices are written and nobody seals them") }
        for (peer, layout) in collection.layouts {
            let parts = [collection.due, collection.underWay, collection.written].map { $0[peer] ?? [] }
            let all = Set(Self.slices(collection.table, layout, collection.position))
            if parts.reduce(0, { $0 + $1.count }) != all.count || parts.reduce(Set(), { $0.union($1) }) != all {
                found.append("a slice of peer \(peer.value) is due, under way and written not exactly once")
            }
        }
        return found
    }
}

extension [PeerID: Set<TensorSlice>] {
    /// Nothing is left of a peer without slices.
    fileprivate mutating func remove(_ slice: TensorSlice, of peer: PeerID) {
        self[peer]?.remove(slice)
        if self[peer]?.isEmpty == true { self[peer] = nil }
    }
}
