import Logging
import MawsBase
import MawsFiles
import MawsProtocol
import MawsState
import MawsTransport
import MawsWire
import Synchronization

/// What becomes of a state that is not what was written to it: it is never served again, and the shard is restored from
/// the newest checkpoint, as when its file is gone.
extension ShardHost {
    /// What `body` tells the core, or that the state of this generation is damaged.
    func unlessDamaged(_ generation: ShardGeneration, _ body: () throws -> ShardEvent) throws -> ShardEvent {
        do {
            return try body()
        } catch let error as StorageError {
            guard case .damaged = error else { throw error }
            return .stateDamaged(generation, damage: "\(error)")
        }
    }

    /// A connection's thread, or the one that looks through the state, found damage in this memory.
    ///
    /// - Returns: why the state cannot be served.
    @discardableResult
    func found(_ damage: StorageError, in memory: ShardMemory) throws -> String {
        let reason = "\(damage)"
        let actions = state.withLock { state in
            // Another state may have taken its place meanwhile.
            state.memory === memory
                ? state.step(.stateDamaged(state.generation, damage: reason)) : .nothing
        }
        try run(actions.unlocked)
        return reason
    }

    /// Takes the state out of service and its file away: whoever starts next must not find it, and another needs its
    /// place on the disk.
    func discard(_ generation: ShardGeneration, _ damage: String) {
        let file = state.withLock { state -> StateFile? in
            // A newer state may be there by now.
            guard state.generation <= generation else { return nil }
            // One that is being opened is not installed yet.
            let file = state.found ?? state.memory?.file
            (state.found, state.memory, state.frozen) = (nil, nil, nil)
            // What works on it still is done with.
            state.generation = ShardGeneration(generation.value + 1)
            (state.buffers, state.sharedRows, state.squares) = ([:], [:], [])
            if state.coordinator == nil { state.untoldLoss = damage }
            return file
        }
        file?.unlink()
        logger.critical("\(damage) The file is removed, and the shard restored from the newest checkpoint.")
    }

    /// The coordinator on this connection welcomed the server.
    func joined(_ coordinator: any ShardChannel) throws {
        let (loss, reply, actions) = state.withLock { state in
            state.coordinator = coordinator
            defer { state.untoldLoss = nil }
            return (state.untoldLoss, state.core.reply, state.step(.welcomed))
        }
        try run(actions.unlocked)
        if let loss { try coordinator.send(.unavailable(reply, loss)) }
    }

    /// Looks at some of the state, if there is one.
    ///
    /// - Returns: seconds to wait before the next look.
    func look(with scrub: StateScrub) -> Double {
        guard let memory = state.withLock({ $0.memory }) else { return 0.1 }
        do {
            return try scrub.look(at: memory, now: world.now)
        } catch {
            do {
                guard let damage = error as? StorageError, case .damaged = damage else { throw error }
                try found(damage, in: memory)
            } catch {
                remark("the state cannot be looked through: \(error)", by: "")
            }
            return 1
        }
    }
}
