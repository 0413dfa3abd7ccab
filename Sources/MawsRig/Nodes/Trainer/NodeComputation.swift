import MawsBase
import MawsProtocol
import MawsWire

/// The computation of one node of the servers' tree: its units one after the other, their gradients as one sum.
final class NodeComputation {
    enum Outcome {
        case done([UnitDone])
        case failed(Lease)
    }

    private let computer: UnitComputer
    private let world: World
    private let arithmetic: Arithmetic
    private let links: ShardLinks
    private let node: [Lease]
    private let cache: BlockCache
    private let stage: Int
    private let own: RunShape.Stage
    private let task: ExchangeTask
    private var done: [UnitDone] = []
    /// Sums of the units so far, those of most units first: by block and chunk.
    private var sums: [(level: Int, gradient: [[Cell]])] = []
    private var body: (Outcome) -> Void = { _ in }

    init(_ computer: UnitComputer, _ node: [Lease], _ cache: BlockCache) {
        (self.computer, self.node, self.cache) = (computer, node, cache)
        (world, arithmetic, links) = (computer.world, computer.arithmetic, computer.links)
        stage = Int(node[0].stage.value)
        own = arithmetic.shape.stages[stage]
        task = links.open(.push)
    }

    func begin(_ body: @escaping (Outcome) -> Void) {
        self.body = body
        compute(0)
    }

    private func fail(_ index: Int) {
        links.forget(task)
        body(.failed(node[index]))
    }

    private func compute(_ index: Int) {
        let lease = node[index]
        guard !computer.isCancelled else { return fail(index) }
        cache.gather(lease.step) { [self] weights in
            guard let weights, !computer.isCancelled else { return fail(index) }
            let seconds = world.workSeconds(computer.process, 0.5...1.5) * arithmetic.shape.unitSeconds
            world.after(seconds, computer.process) { [self] in
                world.reached(computer.process, .trainer)
                guard computer.process.isAlive else { return }
                guard !computer.isCancelled else { return fail(index) }
                use(index, arithmetic.activation(weights))
            }
        }
    }

    private func use(_ index: Int, _ activation: UInt64) {
        let lease = node[index]
        switch own.kind {
        case .evaluation:
            let value = arithmetic.result(stage, unit: lease.unit.value, activation)
            close(index, loss: 0, result: (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) })
        case .exchanging where lease.phase == 0: share(index, activation)
        case .exchanging: collect(index, activation)
        case .training: add(index, activation, rows: 0)
        }
    }

    // MARK: - Rows

    private func share(_ index: Int, _ activation: UInt64) {
        let lease = node[index]
        let cell = arithmetic.rows(stage, step: lease.step.value, unit: lease.unit.value, activation)
        let rows = UnitRows(term: lease.term, stage: lease.stage, step: lease.step, unit: lease.unit)
        let bytes = Int(RunShape.rowBytes)
        guard links.shardCount > 0 else { return fail(index) }
        links.step(
            .asked(
                task, shard: Int(lease.unit.value) % links.shardCount, .shareRows(rows, lease.grant), byteCount: bytes),
            payload: .send([cell], byteCount: bytes))
        close(index, loss: 0, result: [])
    }

    private func collect(_ index: Int, _ activation: UInt64) {
        let lease = node[index]
        let collecting = links.open(.gather)
        var rows: [UInt32: Cell] = [:]
        for shard in 0..<links.shardCount {
            let take = ShardPayload.take { message, cells in
                if case .sharedRows(_, let own) = message { rows[own.unit.value] = cells.first }
            }
            links.step(
                .asked(collecting, shard: shard, .gatherRows(stage: lease.stage, step: lease.step), byteCount: 0),
                payload: take)
        }
        links.step(.closed(collecting))
        links.wait(for: collecting) { [self] result in
            links.forget(collecting)
            let all = (0..<UInt32(own.units)).compactMap { rows[$0] }
            guard case .done = result, all.count == own.units, !computer.isCancelled else { return fail(index) }
            add(index, activation, rows: Digest.of(all))
        }
    }

    // MARK: - Gradients

    private func add(_ index: Int, _ activation: UInt64, rows: UInt64) {
        let (step, unit) = (node[index].step.value, node[index].unit.value)
        var gradient = own.blocks.indices.map { block in
            (0..<own.blocks[block].chunks).map { chunk in
                arithmetic.gradient(
                    stage, step: step, unit: unit, block: block, chunk: chunk, activation, rows: rows)
            }
        }
        var level = 0
        while let last = sums.last, last.level == level {
            if !world.tampering.does(.leaveUnitOut) {
                gradient = zip(last.gradient, gradient).map { zip($0, $1).map { $0 + $1 } }
            }
            sums.removeLast()
            level += 1
        }
        sums.append((level, gradient))
        let loss = arithmetic.loss(stage, step: step, unit: unit, activation, rows: rows)
        guard index == node.count - 1 else { return close(index, loss: loss, result: []) }
        let pushes = own.blocks.indices.reversed().filter { own.blocks[$0].isTrainable }
        push(pushes[...], 0, gradient) { [self] isWhole in
            isWhole ? close(index, loss: loss, result: []) : fail(index)
        }
    }

    private func push(_ blocks: ArraySlice<Int>, _ shard: Int, _ gradient: [[Cell]], _ body: @escaping (Bool) -> Void) {
        guard let block = blocks.first else { return body(true) }
        guard !computer.isCancelled, links.shardCount > 0 else { return body(false) }
        guard shard < links.shardCount else { return push(blocks.dropFirst(), 0, gradient, body) }
        let slice = arithmetic.layouts[stage][shard].slices[block]
        guard !slice.isEmpty else { return push(blocks, shard + 1, gradient, body) }
        links.waitForRoom(task, byteCount: 4 * slice.count) { [self] hasRoom in
            guard hasRoom, !computer.isCancelled else { return body(false) }
            let first = node[0]
            let push = Push(
                term: first.term, stage: first.stage, step: first.step, unit: first.unit,
                level: UInt8(node.count.trailingZeroBitCount), block: UInt32(block), encoding: .fp32,
                grant: first.grant)
            links.step(
                .asked(task, shard: shard, .push(push), byteCount: 4 * slice.count),
                payload: .send(Array(gradient[block][RunShape.chunks(slice)]), byteCount: 4 * slice.count))
            self.push(blocks, shard + 1, gradient, body)
        }
    }

    // MARK: - The end

    private func close(_ index: Int, loss: Double, result: [UInt8]) {
        let lease = node[index]
        done.append(
            UnitDone(
                lease: lease.id, stage: lease.stage, step: lease.step, phase: lease.phase, unit: lease.unit, loss: loss,
                skipped: [], result: result, computeSeconds: 0, waitSeconds: 0))
        guard index == node.count - 1 else { return compute(index + 1) }
        let level = UInt8(node.count.trailingZeroBitCount)
        let first = node[0]
        if world.tampering.does(.doneBeforeFlush) || world.tampering.does(.believeWithoutReceipts) {
            links.step(.closed(task))
            return body(.done(done))
        }
        links.step(
            .flushWanted(
                task,
                Flush(
                    term: first.term, stage: first.stage, step: first.step, unit: first.unit, level: level,
                    grant: first.grant)))
        links.wait(for: task) { [self] outcome in
            links.forget(task)
            guard case .done(let outcome) = outcome else { return body(.failed(lease)) }
            for place in done.indices {
                (done[place].isFinite, done[place].level) = (outcome.isFinite, level)
                done[place].receipt = outcome.receipt
            }
            body(.done(done))
        }
    }
}
