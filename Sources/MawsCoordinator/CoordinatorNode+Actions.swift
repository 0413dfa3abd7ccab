import Foundation
import Logging
import MawsBase
import MawsOptimizer
import MawsPlan
import MawsProtocol
import MawsStorage
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
        case .refuse(let id, let reason, let mayTryAgain):
            if let peer = peers[id] { refuse(peer, reason, mayTryAgain: mayTryAgain) }
        case .configure(let id, let keepsState, let keepsStep):
            configure(id, keepsState: keepsState, keepsStep: keepsStep)
        case .restore(let id, let position): try restore(id, position)
        case .rollBack(let position):
            try database.rollBack(to: position.stage, step: position.step)
            standing.committed(steps: position.step.value)
        case .prepareStage(let stage): prepareStage(stage)
        case .decide(let position, let loss, let reports): try decideCommit(position, loss: loss, reports)
        case .takeCheckpoint(let position): try takeCheckpoint(position)
        case .record(let done, let trainer): try record(done, trainer)
        case .passOver(let sample, let term): try passOver(sample, term)
        case .stepFinished: try finishStep()
        case .stageFinished(let stage): try finishStage(stage)
        case .runFinished:
            try database.move(to: StageIndex(UInt32(plan.stages.count)), step: StepIndex(0))
            outcome = .finished
        case .runFailed(let sentence): failure = sentence
        case .runStopped: outcome = .stopped
        case .note(let sentence): logger.info("\(sentence)", metadata: place)
        }
    }

    private func configure(_ id: PeerID, keepsState: Bool, keepsStep: Bool) {
        guard let peer = peers[id] else { return }
        let stage = catalog[core.stage.index]
        let optimizer = stage.plan.recipe?.optimizer
        send(
            .configure(
                ServerConfiguration(
                    term: core.term, runID: identity.id, stage: stage.index, table: stage.table,
                    unitsPerStep: UInt32(stage.shape.unitsInPhase.last ?? 1),
                    optimizer: OptimizerConfiguration(
                        beta1: optimizer?.beta1 ?? 0, beta2: optimizer?.beta2 ?? 0, epsilon: optimizer?.epsilon ?? 1,
                        weightDecay: optimizer?.weightDecay ?? 0, seed: plan.seed),
                    gatherEncoding: plan.wire.gather == .fp32 ? .fp32 : .fp32Zstd, keepsState: keepsState,
                    keepsStep: keepsStep)),
            to: peer)
    }

    private func restore(_ id: PeerID, _ position: RunPosition) throws {
        guard let peer = peers[id], let shard = core.shard(of: id) else { return }
        let name = "\(catalog[position.stage].plan.name)-\(position.step.value)"
        ShardRestorer(
            checkpoint: try store.open(name), position: position, shard: shard, peer: peer, mailbox: mailbox
        ).start()
    }

    /// Initial weights of a large model take a while: made on a thread of their own.
    private func prepareStage(_ index: StageIndex) {
        Thread.detachNewThread { [preparation, database, mailbox] in
            do {
                try preparation.prepare(index)
                try database.move(to: index, step: StepIndex(0))
                mailbox.post(.core(.stagePrepared(index)))
            } catch {
                mailbox.post(.failed(sentence: "\(error)"))
            }
        }
    }

    private func decideCommit(_ position: RunPosition, loss: Double, _ reports: [Reduced]) throws {
        let stage = catalog[position.stage]
        guard let norm = GradientNorm.norm(table: stage.table, shards: reports.map(\.chunkSquares)) else {
            throw CoordinatorError.badReport(stage: stage.plan.name, step: position.step.value)
        }
        guard loss.isFinite && norm.isFinite else { return try decideNonFinite(position, reports) }
        let record = CommitRecord(
            stage: position.stage.value, step: position.step.value,
            learningRate: stage.schedule?.rate(at: position.step) ?? 0,
            clipScale: GradientNorm.clipScale(norm: norm, clipNorm: stage.plan.recipe?.optimizer.clipNorm),
            gradientNorm: norm, loss: loss, images: stage.imagesPerStep,
            seconds: progress.commit(loss: loss, Moment.now()),
            bytesPushed: reports.reduce(0) { $0 + $1.bytesPushed },
            bytesGathered: reports.reduce(0) { $0 + $1.bytesGathered })
        try commit(record)
    }

    /// Makes a decision durable and lets the servers know.
    private func commit(_ record: CommitRecord) throws {
        try database.commit(record)
        pendingCommit = record
        lossByUnit = [:]
        try perform(core.step(.decided(record.message(term: core.term)), now: Moment.now()))
    }

    /// Skips the step where the plan allows it: the next version is this one; the step, its samples and its place in
    /// the schedule are used up. The record's loss is the mean over the units that have one.
    private func decideNonFinite(_ position: RunPosition, _ reports: [Reduced]) throws {
        let stage = catalog[position.stage]
        let blocks = GradientNorm.nonFiniteBlocks(table: stage.table, shards: reports.map(\.chunkSquares))
        let step = NonFiniteStep(
            stage: stage.plan.name, step: position.step.value,
            units: lossByUnit.filter { !$0.value.isFinite }.keys.sorted(),
            blocks: blocks.map { stage.table.blocks[$0].name })
        let earlier = try database.commits(of: position.stage)
        switch NonFiniteRule.verdict(skipsMax: stage.plan.nonFiniteSkips, clipScales: earlier.map(\.clipScale)) {
        case .stop(let skipped): throw CoordinatorError.notFinite(step, skipped: skipped)
        case .skip(let number):
            logger.warning("\(step): skipped, \(number) of at most \(stage.plan.nonFiniteSkips) in a row")
            let losses = lossByUnit.sorted { $0.key < $1.key }.map(\.value).filter(\.isFinite)
            let loss = losses.isEmpty ? earlier.last?.loss ?? 0 : losses.reduce(0, +) / Double(losses.count)
            try commit(
                CommitRecord(
                    stage: position.stage.value, step: position.step.value,
                    learningRate: stage.schedule?.rate(at: position.step) ?? 0, clipScale: 0, gradientNorm: 0,
                    loss: loss, images: stage.imagesPerStep, seconds: progress.skip(loss: loss, Moment.now()),
                    bytesPushed: reports.reduce(0) { $0 + $1.bytesPushed },
                    bytesGathered: reports.reduce(0) { $0 + $1.bytesGathered }))
        }
    }

    private func finishStep() throws {
        guard let record = pendingCommit else { return }
        pendingCommit = nil
        standing.committed(steps: record.step + 1)
        try recorder.step(record, productRate: productRate)
    }

    private func takeCheckpoint(_ position: RunPosition) throws {
        let servers = peers.values.compactMap { peer in core.shard(of: peer.id).map { (peer, $0) } }
        do {
            try collector.begin(
                position, header: preparation.header(position.stage, step: position.step), store: store,
                servers: servers)
        } catch let error as StorageError {
            throw error
        } catch {
            // A server that cannot be asked is lost: that event ends this checkpoint, and the core tries again.
            logger.warning("the checkpoint could not be asked for: \(error)")
        }
    }

    private func record(_ done: UnitDone, _ trainer: String) throws {
        let stage = catalog[done.stage]
        for name in try recorder.unit(done) { logger.warning("\(trainer) skipped \(name)") }
        if done.phase == UInt32(stage.shape.unitsInPhase.count - 1) { lossByUnit[done.unit.value] = done.loss }
        let counts = stage.plan.kind != .lit || done.phase == 1
        let isFit = stage.plan.kind == .linear && done.phase == 1
        if counts && !isFit { progress.add(images: stage.plan.unit, Moment.now()) }
    }

    private func passOver(_ sample: PassedSample, _ term: Term) throws {
        try recorder.pass(sample)
        try database.pass(PassedSampleRecord(sample), term: term)
        logger.warning("no trainer gets a sample, which the run passes over: \(sample.name)")
    }

    private func finishStage(_ index: StageIndex) throws {
        let stage = catalog[index]
        let hash = stage.shape.commits ? try preparation.finalCheckpoint(of: stage.plan.name).weightsHash : nil
        let seconds = Moment.now().seconds(since: progress.stageStart)
        let summary = try recorder.stage(
            index, commits: try database.commits(of: index), seconds: seconds, weightsHash: hash)
        logEnd(stage, summary, Moment.now())
        try store.prune(keep: plan.checkpoint.keep, protect: protectedCheckpoints())
    }

    /// Checkpoints that later stages, reports and resumption need: the first and last of every stage.
    private func protectedCheckpoints() -> [String] {
        catalog.stages.flatMap { ["\($0.plan.name)-0", "\($0.plan.name)-\($0.shape.stepCount)"] }
    }
}
