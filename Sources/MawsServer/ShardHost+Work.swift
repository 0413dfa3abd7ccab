import MawsBase
import MawsOptimizer
import MawsProtocol
import MawsState
import MawsSum
import MawsTensor
import MawsWire
import Synchronization

/// The work on a shard's memory.
extension ShardHost {
    /// Does one piece of work outside the lock.
    ///
    /// - Returns: what to tell the core, if anything.
    func work(_ action: ShardAction) throws -> ShardEvent? {
        switch action {
        case .createState(let configuration, let generation):
            try create(configuration, generation)
            return nil
        case .openState(let configuration, let generation):
            return try unlessDamaged(generation) { try open(configuration, generation) }
        case .discardState(let generation, let damage):
            discard(generation, damage)
            return nil
        case .dropStep(let configuration, let generation):
            try dropStep(configuration, generation)
            return nil
        case .sealRestored(let generation, let step):
            try world.access(.seal) { try memory(generation)?.sealRestored(step) }
            return .restoredSealed(generation, step: step)
        case .combine(let generation, let block, let left, let right):
            combine(generation, block, left, right)
            return .combined(generation, block: block, left: left)
        case .drop(let generation, let block, let sum):
            drop(generation, block, sum)
            return nil
        case .storeBlock(let generation, let block, let sum):
            store(generation, block, sum)
            return .blockStored(generation, block: block)
        case .sealReduced(let generation):
            try world.access(.seal) { try memory(generation)?.sealReduced() }
            return .reducedSealed(generation)
        case .apply(let commit, let generation):
            return try unlessDamaged(generation) {
                try apply(commit, generation)
                return .applied(generation)
            }
        case .freeze, .release, .thaw:
            keep(action)
            return nil
        default:
            preconditionFailure("\(action) is no work")
        }
    }

    /// The next version takes the gradient's place, and what belonged to the step is forgotten.
    private func apply(_ commit: Commit, _ generation: ShardGeneration) throws {
        try memory(generation)?.apply(commit, keeping: state.withLock { $0.frozen })
        state.withLock { state in
            state.squares = Array(repeating: [], count: state.squares.count)
            state.sharedRows = [:]
        }
    }

    /// What is kept of a version for a checkpoint.
    private func keep(_ action: ShardAction) {
        switch action {
        case .freeze(let request, _):
            state.withLock { state in
                state.frozen = state.memory.map { FrozenVersion(request, of: $0, path: "\(options.stem).frozen") }
            }
        case .release(let request, let slice):
            let frozen = state.withLock { $0.frozen }
            if frozen?.request == request { frozen?.release(slice) }
        case .thaw(let request): state.withLock { if $0.frozen?.request == request { $0.frozen = nil } }
        default: break
        }
    }

    /// The present memory, unless it belongs to another state than the work does.
    func memory(_ generation: ShardGeneration) -> ShardMemory? {
        state.withLock { $0.generation == generation ? $0.memory : nil }
    }

    private func create(_ configuration: ServerConfiguration, _ generation: ShardGeneration) throws {
        state.withLock { ($0.found, $0.memory, $0.frozen) = (nil, nil, nil) }
        let pool = BufferPool(limitBytes: options.bufferLimitBytes, world: world)
        let memory = try world.access(.create) {
            try ShardMemory.create(
                configuration, shard: options.shard, path: "\(options.stem).state", boot: world.boot, pool: pool,
                threads: threads)
        }
        install(memory, generation)
    }

    private func open(_ configuration: ServerConfiguration, _ generation: ShardGeneration) throws -> ShardEvent {
        let pool = BufferPool(limitBytes: options.bufferLimitBytes, world: world)
        guard let found = state.withLock({ $0.found }),
            var memory = try ShardMemory.open(
                found, configuration, shard: options.shard, pool: pool, threads: threads)
        else {
            return .stateUnfit(generation)
        }
        if !configuration.keepsStep { memory = try memory.withoutStep(configuration, pool: pool) }
        install(memory, generation)
        let content = memory.content
        if content.hasReduced {
            let squares = memory.configuration.table.blocks.indices.map { block in
                memory.configuration.table.blocks[block].isTrainable ? memory.reducedSquares(block) : []
            }
            state.withLock { $0.squares = squares }
        }
        return .stateOpened(generation, step: content.step, hasReduced: content.hasReduced)
    }

    /// Another memory in the same file: what works with the old one, and its buffers, is done with.
    private func dropStep(_ configuration: ServerConfiguration, _ generation: ShardGeneration) throws {
        guard let memory = state.withLock({ $0.memory }) else { return }
        let pool = BufferPool(limitBytes: options.bufferLimitBytes, world: world)
        install(try memory.withoutStep(configuration, pool: pool), generation)
    }

    private func install(_ memory: ShardMemory, _ generation: ShardGeneration) {
        state.withLock { state in
            state.found = nil
            state.memory = memory
            state.generation = generation
            state.buffers = [:]
            state.sharedRows = [:]
            state.squares = Array(repeating: [], count: memory.slices.count)
        }
    }

    /// left += right, in fp32, element by element.
    private func combine(_ generation: ShardGeneration, _ block: Int, _ left: UnitTree.Sum, _ right: UnitTree.Sum) {
        let leftKey = BufferKey(generation: generation, block: block, sum: left)
        let rightKey = BufferKey(generation: generation, block: block, sum: right)
        let (sum, other, memory) = state.withLock { state in
            (state.buffers[leftKey], state.buffers.removeValue(forKey: rightKey), state.memory)
        }
        guard let sum, let other, let memory else { return }
        let both = sum.adding(
            other, count: memory.slices[block].count, memory: memory.pool, threads: threads)
        state.withLock { state in
            if state.generation == generation { state.buffers[leftKey] = both }
        }
    }

    private func drop(_ generation: ShardGeneration, _ block: Int, _ sum: UnitTree.Sum) {
        let key = BufferKey(generation: generation, block: block, sum: sum)
        guard let dropped = state.withLock({ $0.buffers.removeValue(forKey: key) }) else { return }
        memory(generation)?.pool.give(dropped)
    }

    private func store(_ generation: ShardGeneration, _ block: Int, _ sum: UnitTree.Sum) {
        let key = BufferKey(generation: generation, block: block, sum: sum)
        guard let sum = state.withLock({ $0.buffers.removeValue(forKey: key) }), let memory = memory(generation) else {
            return
        }
        let squares = memory.storeReduced(block, sum)
        memory.pool.give(sum)
        state.withLock { state in
            if state.generation == generation { state.squares[block] = squares }
        }
    }
}
