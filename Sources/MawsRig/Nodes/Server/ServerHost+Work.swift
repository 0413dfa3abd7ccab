import MawsBase
import MawsProtocol
import MawsWire

/// A state that is served, with the memory for its gradients.
final class ServerMemory {
    let file: StateFile
    let pool: BufferPool

    init(_ file: StateFile, _ pool: BufferPool) { (self.file, self.pool) = (file, pool) }

    /// Bytes of a block's slice.
    func bytes(_ block: Int) -> Int { 4 * file.slices[block].count }
}

/// The work on a shard's memory.
extension ServerHost {
    func work(_ action: ShardAction, _ body: @escaping (ShardEvent?) -> Void) {
        switch action {
        case .createState(let configuration, let generation): create(configuration, generation, body)
        case .openState(let configuration, let generation): open(configuration, generation, body)
        case .discardState(let generation, _):
            discard(generation)
            body(nil)
        case .dropStep(_, let generation):
            if let memory {
                memory.file.sealStepDropped()
                install(memory.file, generation)
            }
            body(nil)
        case .sealRestored(let generation, let step):
            memory(generation)?.file.sealRestored(step.value)
            body(.restoredSealed(generation, step: step))
        case .combine(let generation, let block, let left, let right):
            combine(generation, block, left, right)
            body(.combined(generation, block: block, left: left))
        case .drop(let generation, let block, let sum):
            let key = BufferKey(generation: generation, block: block, sum: sum)
            if buffers.removeValue(forKey: key) != nil, let memory = memory(generation) {
                memory.pool.give(memory.bytes(block))
            }
            body(nil)
        case .storeBlock(let generation, let block, let sum):
            store(generation, block, sum)
            body(.blockStored(generation, block: block))
        case .sealReduced(let generation):
            memory(generation)?.file.sealReduced()
            body(.reducedSealed(generation))
        case .apply(let commit, let generation): apply(commit, generation, body)
        case .freeze, .release, .thaw:
            keep(action)
            body(nil)
        default: preconditionFailure("\(action) is no work")
        }
    }

    /// A real server copies what an update is about to change; what it copies is the same.
    private func keep(_ action: ShardAction) {
        switch action {
        case .freeze(let request, let step):
            guard let file = memory?.file else { return frozen = nil }
            let (table, stage) = (file.configuration.table, file.configuration.stage)
            let slices = table.blocks.indices.filter { !file.slices[$0].isEmpty }.flatMap { block in
                table.blocks[block].parts.map {
                    TensorSlice(stage: stage, step: step, block: UInt32(block), part: $0)
                }
            }
            frozen = (
                request,
                Dictionary(
                    uniqueKeysWithValues: slices.compactMap { slice in
                        file.read(slice).map { (slice, $0) }
                    })
            )
        case .release(let request, let slice): if frozen?.request == request { frozen?.cells[slice] = nil }
        case .thaw(let request): if frozen?.request == request { frozen = nil }
        default: break
        }
    }

    func memory(_ generation: ShardGeneration) -> ServerMemory? { self.generation == generation ? memory : nil }

    private func create(
        _ configuration: ServerConfiguration, _ generation: ShardGeneration, _ body: (ShardEvent?) -> Void
    ) {
        (found, memory, frozen) = (nil, nil, nil)
        disk.file = nil
        guard disk.fullUntil <= world.nanoseconds else { return fail("the disk is full") }
        let file = StateFile(configuration, shard)
        disk.file = file
        install(file, generation)
        body(nil)
    }

    private func open(
        _ configuration: ServerConfiguration, _ generation: ShardGeneration, _ body: @escaping (ShardEvent?) -> Void
    ) {
        guard let file = found, file.configuration.runID == configuration.runID,
            file.configuration.stage == configuration.stage, file.configuration.table == configuration.table
        else { return body(.stateUnfit(generation)) }
        guard !file.isDamaged else { return body(.stateDamaged(generation, damage: "bits")) }
        if world.tampering.does(.forgetJournal) { file.forgetJournal() }
        finishUpdate(file) { [self] in
            if !configuration.keepsStep { file.sealStepDropped() }
            install(file, generation)
            if file.hasReduced {
                squares = file.slices.indices.map { block in
                    file.isTrained(block) ? file.reduced(block).map(\.cell.square) : []
                }
            }
            body(.stateOpened(generation, step: StepIndex(file.step), hasReduced: file.hasReduced))
        }
    }

    private func install(_ file: StateFile, _ generation: ShardGeneration) {
        // Every other unit may wait for its neighbour, of every block, and one more has to have room, or the step never
        // ends; what comes beside that waits for memory.
        let waiting = (Int(file.configuration.unitsPerStep) + 1) / 2 + 1
        let limit = 4 * waiting * file.slices.reduce(0) { $0 + $1.count }
        let pool = BufferPool(world, process, limitBytes: limit)
        pool.isUnbounded = world.tampering.does(.unboundedMemory)
        (found, memory, self.generation) = (nil, ServerMemory(file, pool), generation)
        (buffers, rows) = ([:], [:])
        squares = Array(repeating: [], count: file.slices.count)
    }

    private func discard(_ generation: ShardGeneration) {
        guard self.generation <= generation else { return }
        let file = found ?? memory?.file
        (found, memory, frozen) = (nil, nil, nil)
        self.generation = ShardGeneration(generation.value + 1)
        (buffers, rows, squares) = ([:], [:], [])
        if disk.file === file { disk.file = nil }
    }

    /// Something of the state is not what was written.
    func foundDamage(in memory: ServerMemory, _ body: @escaping () -> Void = {}) {
        guard self.memory === memory else { return body() }
        run(step(.stateDamaged(generation, damage: "bits")).unlocked, body)
    }

    private func combine(_ generation: ShardGeneration, _ block: Int, _ left: UnitTree.Sum, _ right: UnitTree.Sum) {
        let leftKey = BufferKey(generation: generation, block: block, sum: left)
        let rightKey = BufferKey(generation: generation, block: block, sum: right)
        guard let sum = buffers[leftKey], let other = buffers.removeValue(forKey: rightKey), let memory else { return }
        let both = world.tampering.sum(sum, other)
        memory.pool.give(memory.bytes(block))
        if self.generation == generation { buffers[leftKey] = both }
    }

    private func store(_ generation: ShardGeneration, _ block: Int, _ sum: UnitTree.Sum) {
        let key = BufferKey(generation: generation, block: block, sum: sum)
        guard let cells = buffers.removeValue(forKey: key), let memory = memory(generation) else { return }
        memory.file.storeReduced(block, cells)
        world.oracle.reduced(
            stage: Int(memory.file.configuration.stage.value), step: memory.file.step, block: block,
            from: RunShape.chunks(memory.file.slices[block]).lowerBound, cells)
        memory.pool.give(memory.bytes(block))
        squares[block] = cells.map(\.square)
    }

    private func apply(_ commit: Commit, _ generation: ShardGeneration, _ body: @escaping (ShardEvent?) -> Void) {
        guard let memory = memory(generation) else { return body(.applied(generation)) }
        guard !memory.file.isDamaged else { return body(.stateDamaged(generation, damage: "bits")) }
        memory.file.sealUpdating(commit)
        finishUpdate(memory.file) { [self] in
            squares = Array(repeating: [], count: squares.count)
            rows = [:]
            body(.applied(generation))
        }
    }

    /// Chunk by chunk, each a moment at which the process may die.
    private func finishUpdate(_ file: StateFile, _ body: @escaping () -> Void) {
        guard file.update != nil else { return body() }
        guard !file.isUpdated else {
            file.sealApplied()
            showApplied(file)
            return body()
        }
        file.changeNext(arithmetic)
        if world.tampering.does(.applyPartly), world.chance(process, 0.2) { file.skipRest() }
        world.after(world.workSeconds(process, 0.0001...0.001), process) { [self] in
            world.reached(process, .shard(.change, isDone: true))
            if process.isAlive { finishUpdate(file, body) }
        }
    }

    private func showApplied(_ file: StateFile) {
        for block in file.slices.indices where file.isTrained(block) && !file.slices[block].isEmpty {
            let own = file.weights(block)
            world.oracle.applied(
                stage: Int(file.configuration.stage.value), version: file.step, block: block,
                from: RunShape.chunks(file.slices[block]).lowerBound, own.weights, own.slots)
        }
    }
}
