import Foundation
import Logging
import MawsBase
import MawsCheckpoint
import MawsDatabase
import MawsFiles
import MawsOptimizer
import MawsPlan
import MawsProtocol
import MawsRecords
import MawsReport
import MawsTraining
import MawsTransport
import MawsWire

/// The core's actions against the world.
extension CoordinatorNode {
    func perform(_ actions: [CoordinatorAction]) throws {
        for action in actions where failure == nil { try perform(action) }
    }

    private func perform(_ action: CoordinatorAction) throws {
        switch action {
        case .send(let id, let message): if let peer = peers[id] { send(message, to: peer) }
        case .welcome(let id): if let peer = peers[id] { welcome(peer) }
        case .refuse(let id, let refusal): if let peer = peers[id] { refuse(peer, refusal) }
        case .configure(let id, let keepsState, let keepsStep):
            configure(id, keepsState: keepsState, keepsStep: keepsStep)
        case .restore(let id, let position): restore(id, position)
        case .rollBack(let position): try rollBack(to: position)
        case .prepareStage(let stage): prepareStage(stage)
        case .findCheckpoint(let stage, let newest): findCheckpoint(of: stage, upTo: newest)
        case .decide(let position, let losses, let reports): try decideCommit(position, losses, reports)
        case .takeCheckpoint(let position, let isBeside): try takeCheckpoint(position, isBeside: isBeside)
        case .giveUpCheckpoint: collector.giveUp()
        case .record(let done, let trainer): try record(done, trainer)
        case .excludeSample(let sample, let term): try excludeSample(sample, term)
        case .keepTerm(let term): try world.write(.database) { try database.keep(term) }
        case .stepFinished: try finishStep()
        case .stageFinished(let stage): try finishStage(stage)
        case .runFinished:
            try world.write(.database) {
                try database.move(to: StageIndex(UInt32(plan.stages.count)), step: StepIndex(0))
            }
            outcome = .finished
        case .runFailed(let fact): failure = "\(fact)"
        case .runStopped: outcome = .stopped
        case .note(let fact): logger.info("\(fact)", metadata: place)
        case .remark(let id, let fact):
            remark("\(fact)", by: peers[id]?.source ?? "a trainer that left", level: .info)
        case .fault(let id, let fact):
            remark("\(fact)", by: "faults of " + (peers[id]?.source ?? "trainers that left"))
        }
    }

    private func configure(_ id: PeerID, keepsState: Bool, keepsStep: Bool) {
        guard let peer = peers[id], let keys = core.keys(of: id), let reply = core.reply(of: id) else { return }
        restorers.removeValue(forKey: id)?.cancel()
        let stage = catalog[core.stage.index]
        send(
            .configure(
                ServerConfiguration(
                    term: core.term, runID: identity.id, stage: stage.index, table: stage.table,
                    unitsPerStep: UInt32(stage.shape.unitsInPhase.last ?? 1),
                    optimizer: stage.plan.recipe?.optimizer.configuration(seed: plan.seed),
                    gatherEncoding: plan.wire.gather == .fp32 ? .fp32 : .fp32Zstd, keepsState: keepsState,
                    keepsStep: keepsStep, sharedRows: stage.sharedRows, keys: keys, request: reply.request)),
            to: peer)
    }

    private func restore(_ id: PeerID, _ position: RunPosition) {
        guard let peer = peers[id], let shard = core.shard(of: id), let reply = core.reply(of: id) else { return }
        restorers[id] = ShardRestorer(
            checkpoints: checkpoints, position: position, reply: reply, shard: shard, peer: peer, mailbox: mailbox,
            world: world)
    }

    private func rollBack(to position: RunPosition) throws {
        if let end = try database.ends().first(where: { $0.stage == position.stage.value }) {
            let summary = try JSONLine.decode(StageSummary.self, from: Data(end.summary.utf8))
            hashesBefore[position.stage] = summary.weightsHash
        }
        let forgotten = try world.write(.database) {
            try database.rollBack(to: position.stage, step: position.step)
        }
        standing.committed(steps: position.step.value)
        try world.write(.records) { try recorder.forgetSteps { try recordFiles.agree() } }
        let steps = forgotten == 1 ? "1 committed step is" : "\(forgotten) committed steps are"
        logger.warning("the run goes back to checkpoint \(checkpoints.name(position)): \(steps) computed again")
    }

    /// Initial weights of a large model take a while to make.
    private func prepareStage(_ index: StageIndex) {
        world.beside { [world, preparation, database, mailbox] in
            do {
                try world.write(.checkpoint) { _ = try preparation.prepare(index) }
                try world.write(.database) { try database.move(to: index, step: StepIndex(0)) }
                mailbox.post(.core(.stagePrepared(index)))
            } catch let damaged as DamagedSource {
                mailbox.post(.note(damaged.sentence))
                mailbox.post(.core(.sourceDamaged(damaged.stage)))
            } catch {
                mailbox.post(.failed(sentence: "\(error)"))
            }
        }
    }

    /// Every byte of the candidates is read.
    private func findCheckpoint(of stage: StageIndex, upTo newest: StepIndex) {
        world.beside { [world, preparation, checkpoints, mailbox, name = catalog[stage].plan.name] in
            do {
                let say = { mailbox.post(.note($0)) }
                var position = try checkpoints.newestWhole(of: stage, upTo: newest, say: say)
                if position == nil {
                    say("no checkpoint of stage \(name) is whole: its beginning is made again")
                    position = RunPosition(stage: stage, step: StepIndex(0))
                    try world.write(.checkpoint) { _ = try preparation.prepare(stage) }
                }
                guard let position else { return }
                mailbox.post(.core(.checkpointFound(position)))
            } catch let damaged as DamagedSource {
                mailbox.post(.note(damaged.sentence))
                mailbox.post(.core(.sourceDamaged(damaged.stage)))
            } catch {
                mailbox.post(.failed(sentence: "\(error)"))
            }
        }
    }

    private func decideCommit(_ position: RunPosition, _ losses: [Double], _ reports: [Reduced]) throws {
        let violations = core.violations()
        guard violations.isEmpty else { throw CoordinatorError.violated(violations) }
        let stage = catalog[position.stage]
        let verdict = try stage.commitRule.verdict(losses: losses, chunkSquares: reports.map(\.chunkSquares)) {
            try database.commits(of: position.stage).map { .init(loss: $0.loss, clipScale: $0.clipScale) }
        }
        switch verdict {
        case .misfit: throw CoordinatorError.badReport(stage: stage.plan.name, step: position.step.value)
        case .stop(let values, let skipped):
            throw CoordinatorError.notFinite(nonFinite(position, values), skipped: skipped)
        case .commit(let loss, let norm, let clipScale):
            if position.step.value == 0, let sentence = stage.definition.fault(firstLoss: loss) {
                throw CoordinatorError.badBeginning(sentence)
            }
            try commit(
                record(
                    position, reports, loss: loss, gradientNorm: norm, clipScale: clipScale,
                    seconds: progress.commit(loss: loss, world.now())))
        case .skip(let values, let number, let loss):
            let step = nonFinite(position, values)
            logger.warning("\(step): skipped, \(number) of at most \(stage.plan.nonFiniteSkips) in a row")
            try commit(
                record(
                    position, reports, loss: loss, gradientNorm: 0, clipScale: 0,
                    seconds: progress.skip(loss: loss, world.now())))
        }
    }

    private func nonFinite(_ position: RunPosition, _ values: NonFiniteValues) -> NonFiniteStep {
        NonFiniteStep(stage: catalog[position.stage].plan.name, step: position.step.value, values: values)
    }

    private func record(
        _ position: RunPosition, _ reports: [Reduced], loss: Double, gradientNorm: Double, clipScale: Double,
        seconds: Double
    ) -> CommitRecord {
        let stage = catalog[position.stage]
        let operations = stage.operations(step: Int(position.step.value))
        return CommitRecord(
            stage: position.stage.value, step: position.step.value,
            learningRate: stage.schedule?.rate(at: position.step) ?? 0, clipScale: clipScale,
            gradientNorm: gradientNorm, loss: loss, images: stage.imagesPerStep, seconds: seconds,
            bytesPushed: reports.reduce(0) { $0 + $1.bytesPushed },
            bytesGathered: reports.reduce(0) { $0 + $1.bytesGathered },
            mfu: MFU.share(operations: operations, of: seconds * productRate))
    }

    /// Makes a decision durable and lets the servers know.
    private func commit(_ record: CommitRecord) throws {
        try world.write(.database) { try database.commit(record) }
        pendingCommit = record
        try perform(core.step(.decided(record.message(term: core.term)), now: world.now()))
    }

    private func finishStep() throws {
        guard let record = pendingCommit else { return }
        pendingCommit = nil
        standing.committed(steps: record.step + 1)
        try world.write(.records) { try recorder.step(record) }
    }

    private func takeCheckpoint(_ position: RunPosition, isBeside: Bool) throws {
        let servers = peers.values.compactMap { peer in core.shard(of: peer.id).map { (peer, $0) } }
        do {
            try collector.begin(
                position,
                header: preparation.header(
                    position.stage, step: position.step, computeProfile: admission.profile?.description),
                store: checkpoints.store, servers: servers, isBeside: isBeside
            ) { [checkpoints, ended = core.endedStages] in
                try checkpoints.prune(stage: position.stage, ended: ended)
            }
        } catch let error as StorageError {
            throw error
        } catch {
            // A server that cannot be asked is lost: that event ends this checkpoint, and the core tries again.
            logger.warning("the checkpoint could not be asked for: \(error)")
        }
    }

    private func record(_ done: UnitDone, _ trainer: String) throws {
        let stage = catalog[done.stage]
        for name in try world.write(.records, { try recorder.unit(done) }) {
            logger.warning("\(trainer) skipped \(name)")
        }
        if Int(done.phase) == stage.definition.phases.lastOfEach { progress.add(images: stage.imagesPerUnit) }
    }

    private func excludeSample(_ sample: ExcludedSample, _ term: Term) throws {
        try world.write(.records) { try recorder.exclude(sample) }
        try world.write(.database) { try database.exclude(ExcludedSampleRecord(sample), term: term) }
        logger.warning("no trainer gets a sample, which the run excludes: \(sample.name)")
    }

    /// What a stage leaves is durable before its end is: an end that is known is not told twice.
    private func finishStage(_ index: StageIndex) throws {
        let stage = catalog[index]
        let hash = stage.shape.commits ? try checkpoints.open(checkpoints.final(of: stage.plan.name)).weightsHash : nil
        if let before = hashesBefore.removeValue(forKey: index), let hash, hash != before {
            logger.warning("stage \(stage.plan.name) was computed again to other weights: \(hash), before \(before)")
        }
        let now = world.now()
        let commits = try database.commits(of: index)
        let (summary, evaluation) = try world.write(.records) {
            try recorder.summary(
                index, commits: commits, seconds: now.seconds(since: progress.stageStart), weightsHash: hash)
        }
        try world.write(.database) { try database.end(StageEnd(stage: index, summary: JSONLine.encode(summary))) }
        try world.write(.records) { try recordFiles.writeStages() }
        logEnd(stage, summary, now)
        try logSamples(endOf: index)
        if let remarks = evaluation?.remarks {
            for sentence in remarks.sentences { logger.info("\(sentence)") }
            for warning in remarks.warnings { logger.warning("\(warning)") }
        }
        try world.write(.checkpoint) { try checkpoints.prune(stage: index, ended: core.endedStages) }
    }
}
