import MawsBase
import MawsProtocol
import MawsWire

/// The core's actions against the world.
extension CoordinatorNode {
    func perform(_ action: CoordinatorAction) {
        switch action {
        case .send(let id, let message):
            if let peer = peers[id] { peer.end.send(world.tampering.fromCoordinator(message)) }
        case .welcome(let id): if let peer = peers[id] { welcome(peer) }
        case .refuse(let id, let refusal): if let peer = peers[id] { refuse(peer, refusal) }
        case .configure(let id, let keepsState, let keepsStep): configure(id, keepsState, keepsStep)
        case .restore(let id, let position): restore(id, position)
        case .rollBack(let position): rollBack(to: position)
        case .prepareStage(let stage): prepareStage(stage)
        case .findCheckpoint(let stage, let newest): findCheckpoint(of: stage, upTo: newest)
        case .decide(let position, let losses, let reports): decide(position, losses, reports)
        case .takeCheckpoint(let position, let isBeside): collector.begin(position, isBeside: isBeside)
        case .giveUpCheckpoint: collector.giveUp()
        case .record(let done, _): world.oracle.recorded(done.stage.value, done.unit.value, done.result)
        case .excludeSample(let sample, let term):
            write({ [disk] in
                disk.database?.excluded.append(sample)
                disk.database?.raise(to: term.value)
            }) {}
        case .keepTerm(let term):
            write({ [disk] in disk.database?.raise(to: term.value) }) {}
        case .stepFinished(let position, _): disk.metrics[position] = disk.database?.commits[position]
        case .stageFinished(let stage): finishStage(stage)
        case .runFinished: finishRun()
        case .runFailed(let fact): end(.failed("\(fact)"))
        case .runStopped: end(.stopped)
        case .note(let fact): world.say("the coordinator notes: \(fact)")
        case .remark(_, let fact), .fault(_, let fact):
            world.say("the coordinator remarks: \(fact)")
            world.remarked(fact)
        }
    }

    private func configure(_ id: PeerID, _ keepsState: Bool, _ keepsStep: Bool) {
        guard let peer = peers[id], let keys = core.keys(of: id), let reply = core.reply(of: id) else { return }
        restorers.removeValue(forKey: id)?.cancel()
        let stage = Int(core.stage.index.value)
        let configuration = ServerConfiguration(
            term: core.term, runID: runID, stage: core.stage.index, table: tables[stage],
            unitsPerStep: UInt32(core.stage.unitsInPhase.last ?? 1), optimizer: nil, gatherEncoding: .fp32,
            keepsState: keepsState, keepsStep: keepsStep, sharedRows: shape.sharedRows(stage), keys: keys,
            request: reply.request)
        peer.end.send(world.tampering.fromCoordinator(.configure(configuration)))
    }

    private func restore(_ id: PeerID, _ position: RunPosition) {
        guard let peer = peers[id], let shard = core.shard(of: id), let reply = core.reply(of: id) else { return }
        restorers[id] = ShardRestorer(self, peer, shard, reply, position)
    }

    private func rollBack(to position: RunPosition) {
        guard !world.tampering.does(.forgetRollBack) else { return }
        write({ [disk, world] in
            world.oracle.rolledBack(Int(position.stage.value), position.step.value)
            disk.database?.goBack(to: position)
            disk.metrics = disk.metrics.filter { $0.key < position }
        }) {}
    }

    // MARK: - Checkpoints

    private func prepareStage(_ stage: StageIndex) {
        world.after(world.workSeconds(process, 0.001...0.2), process) { [self] in
            guard let made = beginning(of: stage) else { return }
            let position = RunPosition(stage: stage, step: StepIndex(0))
            publish(made, at: position) { [self] in
                write(seconds: 0.001...0.01, { [disk] in disk.database?.goBack(to: position) }) { [self] isDone in
                    post(isDone ? .core(.stagePrepared(stage)) : .failed("a write was refused"))
                }
            }
        }
    }

    /// The checkpoint that a stage starts from; nil where its source is damaged, which the core is told.
    private func beginning(of stage: StageIndex) -> StoredCheckpoint? {
        let own = shape.stages[Int(stage.value)]
        var source: (stage: Int, checkpoint: StoredCheckpoint)?
        if let index = own.source {
            let final = final(of: index)
            guard let checkpoint = disk.checkpoints[final], !checkpoint.isDamaged else {
                disk.checkpoints[final] = nil
                post(.core(.sourceDamaged(final.stage)))
                return nil
            }
            source = (index, checkpoint)
        }
        let weights = own.blocks.indices.map { block -> [UInt64] in
            let earlier = source.flatMap { source in
                shape.stages[source.stage].blocks.firstIndex { $0.name == own.blocks[block].name }
                    .map { source.checkpoint.weights[$0] }
            }
            return earlier
                ?? (0..<own.blocks[block].chunks).map {
                    arithmetic.initial(Int(stage.value), block: block, chunk: $0)
                }
        }
        return StoredCheckpoint(
            runID: runID, weights: weights, slots: own.blocks.map { Array(repeating: 0, count: $0.chunks) })
    }

    func final(of stage: Int) -> RunPosition {
        let own = shape.stages[stage]
        return RunPosition(
            stage: StageIndex(UInt32(stage)), step: StepIndex(own.commits ? UInt64(own.steps) : 0))
    }

    /// Makes a checkpoint durable under its name.
    func publish(_ checkpoint: StoredCheckpoint, at position: RunPosition, _ body: @escaping () -> Void) {
        let change = { [disk, world] in
            world.oracle.checkpoint(
                Int(position.stage.value), position.step.value, checkpoint.weights, checkpoint.slots)
            if disk.checkpoints[position]?.isDamaged != false { disk.checkpoints[position] = checkpoint }
            disk.latest = position
        }
        write(seconds: 0.002...0.05, change) { [self] isDone in
            guard isDone else { return post(.failed("a checkpoint could not be written")) }
            world.reached(process, .published)
            if process.isAlive { body() }
        }
    }

    private func findCheckpoint(of stage: StageIndex, upTo newest: StepIndex) {
        world.after(world.workSeconds(process, 0.001...0.2), process) { [self] in
            if let found = disk.newestWhole(of: stage, upTo: newest) {
                return post(.core(.checkpointFound(found)))
            }
            guard let made = beginning(of: stage) else { return }
            let position = RunPosition(stage: stage, step: StepIndex(0))
            publish(made, at: position) { self.post(.core(.checkpointFound(position))) }
        }
    }

    /// Removes what the run needs no more.
    func prune(_ stage: StageIndex, ended: Set<StageIndex>) {
        let retention = CheckpointRetention(stages: shapes, keep: shape.checkpointsKept)
        let present = disk.checkpoints.keys.sorted()
        if world.tampering.does(.pruneFinals), let oldest = present.first { disk.checkpoints[oldest] = nil }
        for position in retention.removable(present, latest: disk.latest, stage: stage, ended: ended) {
            disk.checkpoints[position] = nil
        }
    }

    // MARK: - Steps and stages

    private func decide(_ position: RunPosition, _ losses: [Double], _ reports: [Reduced]) {
        let stage = Int(position.stage.value)
        let verdict = commitRule(stage).verdict(losses: losses, chunkSquares: reports.map(\.chunkSquares)) {
            (disk.database?.lines(of: position.stage) ?? []).map { .init(loss: $0.loss, clipScale: $0.clipScale) }
        }
        guard case .commit(let loss, let norm, let clipScale) = verdict else { return end(.failed("\(verdict)")) }
        let line = Database.Line(
            stage: stage, step: position.step.value,
            rate: arithmetic.learningRate(stage, step: position.step.value), clipScale: clipScale, norm: norm,
            loss: loss)
        write({ [disk, world, process] in
            let isUnwritten = world.tampering.does(.commitUnwritten) && line.step % 2 == 1
            if !isUnwritten { disk.database?.commit(line) }
            world.oracle.committed(
                stage: line.stage, step: line.step, values: [line.norm, line.clipScale, line.loss, line.rate],
                by: ObjectIdentifier(process))
        }) { [self] in
            next(.core(.decided(line.message(term: core.term))))
        }
    }

    private func finishStage(_ stage: StageIndex) {
        write({ [disk] in
            disk.database?.ended.insert(stage)
            disk.stageLines.insert(stage)
        }) { [self] in
            prune(stage, ended: core.endedStages)
        }
    }

    private func finishRun() {
        let past = RunPosition(stage: StageIndex(UInt32(shapes.count)), step: StepIndex(0))
        write({ [disk] in disk.database?.position = past }) { [self] in
            if disk.settleFinals(shape) {
                if let position = disk.database?.position {
                    world.oracle.rolledBack(Int(position.stage.value), position.step.value)
                }
                return end(.failed("a final checkpoint is damaged"))
            }
            for peer in peers.values { peer.end.send(.shutdown(isFinished: true, reason: "finished")) }
            end(.finished)
        }
    }
}

extension Database.Line {
    func message(term: Term) -> Commit {
        Commit(
            term: term, stage: position.stage, step: position.step, learningRate: rate, clipScale: clipScale)
    }
}

extension CoordinatorDisk {
    /// The newest checkpoint of a stage whose every byte is right. Newer ones that are not are set aside.
    func newestWhole(of stage: StageIndex, upTo step: StepIndex) -> RunPosition? {
        for position in positions(of: stage) where position.step <= step {
            guard checkpoints[position]?.isDamaged == true else {
                latest = position
                return position
            }
            checkpoints[position] = nil
        }
        return nil
    }

    /// Sets damaged final checkpoints aside and takes the run back to the first of their stages.
    ///
    /// - Returns: whether there were any.
    func settleFinals(_ shape: RunShape) -> Bool {
        let damaged = shape.stages.indices.filter { index in
            let final = RunPosition(
                stage: StageIndex(UInt32(index)), step: StepIndex(UInt64(shape.stages[index].steps)))
            return shape.stages[index].commits && checkpoints[final]?.isDamaged == true
        }
        for index in damaged.reversed() {
            let stage = StageIndex(UInt32(index))
            let newest = newestWhole(of: stage, upTo: StepIndex(UInt64(shape.stages[index].steps)))
            database?.goBack(to: newest ?? RunPosition(stage: stage, step: StepIndex(0)))
        }
        return !damaged.isEmpty
    }
}
