import Foundation
import Logging
import MawsBase
import MawsData
import MawsDataFiles
import MawsDatabase
import MawsFiles
import MawsForecast
import MawsKernels
import MawsOptimizer
import MawsPlan
import MawsProcess
import MawsProtocol
import MawsRecords
import MawsTensor
import MawsTransport
import MawsWire

/// What is checked and made before the first event.
extension CoordinatorNode {
    /// A plan without a precision keeps that of the run's first start, which is what this machine computes best.
    static func loadPlan(_ options: CoordinatorOptions) throws -> Plan {
        try PlanLoader.load(
            path: options.planPath, root: options.root, overrides: options.overrides,
            precision: { run in
                EarlierRun.plan(in: run)?.precision
                    ?? (ComputeFallback.fastestOperands(on: .present) == .bfloat16 ? .bf16 : .fp32)
            },
            tokenizerSize: { try Tokenizer(model: $0, context: 3).vocabularySize })
    }

    static func lock(_ paths: RunPaths) throws -> FileLock {
        do {
            return try FileLock(path: paths.lock)
        } catch StorageError.inUse {
            throw CoordinatorError.alreadyRunning(run: paths.folder)
        }
    }

    /// A run's files do not go between other files, where nobody could tell them apart.
    static func checkFolder(_ paths: RunPaths) throws {
        guard let first = try EarlierRun.foreignName(in: paths.folder) else { return }
        throw CoordinatorError.notARunFolder(paths.folder, holds: first)
    }

    /// The plan as the run keeps it.
    static func planText(_ plan: Plan) -> String {
        "# Every default filled in by maws \(MawsVersion.number).\n" + plan.yaml()
    }

    static func newRunID() -> String { UUID().uuidString.lowercased() }

    /// A run goes on only with the plan it began with, but for the fields that change no weight.
    static func checkPlan(_ plan: Plan, against identity: RunIdentity, paths: RunPaths) throws {
        let earlier = try Plan(json: String(decoding: identity.plan, as: UTF8.self))
        let changes = EarlierRun.changes(of: plan, since: earlier)
        guard changes.isEmpty else { throw CoordinatorError.planChanged(run: paths.folder, changes: changes) }
    }

    /// The core at the position of the database, with the newest whole checkpoint of that stage.
    static func core(
        _ opened: RunOpening.Opened, _ plan: Plan, _ checkpoints: RunCheckpoints, _ logger: Logger, _ now: Moment
    ) throws -> CoordinatorCore {
        let (identity, database, catalog) = (opened.identity, opened.database, checkpoints.catalog)
        var position: RunPosition?
        var checkpoint: RunPosition?
        var lastCommit: Commit?
        if let stage = identity.stage, let step = identity.step, Int(stage.value) < plan.stages.count {
            position = RunPosition(stage: stage, step: step)
            checkpoint = try checkpoints.newestWhole(of: stage, upTo: step) { logger.warning("\($0)") }
            if checkpoint == nil {
                logger.warning(
                    """
                    no checkpoint of stage \(catalog[stage].plan.name) is whole: its \(step.value) committed steps are \
                    kept if the servers' states are, else they are computed again
                    """)
            }
            lastCommit = opened.isRecovered ? nil : try believedCommit(of: catalog[stage], database, identity, logger)
        }
        return CoordinatorCore(
            term: identity.term, runID: identity.id, stages: catalog.stages.map(\.shape),
            shardCount: plan.cluster.servers, leaseSeconds: plan.cluster.leaseSeconds, position: position,
            checkpoint: checkpoint, lastCommit: lastCommit,
            finished: Set(try database.ends().map { StageIndex($0.stage) }), dropsStep: opened.isRecovered,
            excluded: try database.excluded().map(ExcludedSample.init),
            secret: (0..<32).map { _ in UInt8.random(in: .min ... .max) }, now: now,
            shardUses: { catalog[$0.stage].unitShards?.uses(step: $0.step.value) ?? [] })
    }

    /// The newest commit of a stage, for a server that has not applied it; nil, with a warning, where it is not what
    /// the plan makes of its step and norm: SQLite does not notice a changed figure.
    private static func believedCommit(
        of stage: StageCatalog.Stage, _ database: RunDatabase, _ identity: RunIdentity, _ logger: Logger
    ) throws -> Commit? {
        guard let record = try database.lastCommit(of: stage.index) else { return nil }
        if record.learningRate == stage.schedule?.rate(at: StepIndex(record.step)) ?? 0,
            stage.commitRule.makes(clipScale: record.clipScale, ofNorm: record.gradientNorm)
        {
            return record.message(term: identity.term)
        }
        logger.warning(
            "the commit of step \(record.step) of \(stage.plan.name) in the database is not what its plan makes of it")
        return nil
    }
}

extension CommitRecord {
    func message(term: Term) -> Commit {
        Commit(
            term: term, stage: StageIndex(stage), step: StepIndex(step), learningRate: learningRate,
            clipScale: clipScale)
    }
}

extension ExcludedSample {
    var name: String {
        "\(SkippedSample(shard: lost.shard, member: lost.member, offset: lost.offset, reason: lost.reason))"
    }

    init(_ record: ExcludedSampleRecord) {
        self.init(
            position: RunPosition(stage: StageIndex(record.stage), step: StepIndex(record.step)),
            unit: UnitIndex(record.unit),
            lost: LostSample(
                slot: record.slot, index: record.sample, shard: record.shard, member: record.member,
                offset: record.offset, reason: record.reason))
    }
}

extension ExcludedSampleRecord {
    init(_ sample: ExcludedSample) {
        self.init(
            stage: sample.position.stage.value, step: sample.position.step.value, unit: sample.unit.value,
            sample: sample.lost.index, slot: sample.lost.slot, shard: sample.lost.shard, member: sample.lost.member,
            offset: sample.lost.offset, reason: sample.lost.reason)
    }
}
