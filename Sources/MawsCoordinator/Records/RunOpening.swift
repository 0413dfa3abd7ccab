import Foundation
import Logging
import MawsBase
import MawsCheckpoint
import MawsDatabase
import MawsFiles
import MawsPlan
import MawsProtocol
import MawsRecords

/// Opens the memory of a run. A database that is lost, damaged or older than the run's checkpoints is made again from
/// the newest whole one, and said; where there is none, the run is not begun a second time on top of the first.
package struct RunOpening {
    package struct Opened {
        package let database: RunDatabase
        package let identity: RunIdentity
        /// Whether servers and trainers may be at steps that this database does not know.
        package let isRecovered: Bool
    }

    /// A checkpoint that the run can go on from.
    private struct Found {
        let header: CheckpointHeader
        var position: RunPosition { header.position }
    }

    package let plan: Plan
    package let planHash: String
    package let paths: RunPaths
    package let catalog: StageCatalog
    package let store: CheckpointStore
    package let logger: Logger

    package init(
        plan: Plan, planHash: String, paths: RunPaths, catalog: StageCatalog, store: CheckpointStore, logger: Logger
    ) {
        (self.plan, self.planHash, self.paths) = (plan, planHash, paths)
        (self.catalog, self.store, self.logger) = (catalog, store, logger)
    }

    package func open() throws -> Opened {
        try store.removeUnfinished()
        let (database, isRecovered) = try openDatabase()
        var identity = try database.open(newRunID: CoordinatorNode.newRunID(), plan: plan.canonicalJSON)
        try checkpoints(of: identity.id).setForeignAside { logger.warning("\($0)") }
        if let stage = identity.stage, Int(stage.value) >= catalog.stages.count {
            let finals = FinalCheckpoints(
                checkpoints: checkpoints(of: identity.id), database: database, results: paths.results,
                logger: logger)
            if let sentence = try finals.settle() { logger.warning("\(sentence)") }
            identity = try database.identity() ?? identity
        }
        try keepEnds(database, before: identity.stage ?? StageIndex(0))
        if let change = try RecordFiles(paths: paths, catalog: catalog, database: database).agree() {
            logger.warning("\(change)")
        }
        return Opened(database: database, identity: identity, isRecovered: isRecovered)
    }

    private func openDatabase() throws -> (RunDatabase, isRecovered: Bool) {
        let (database, identity): (RunDatabase, RunIdentity?)
        do {
            (database, identity) = try openBelieved()
        } catch let error as StorageError where error.isDamage {
            guard let found = try found(.damaged) else { throw nothing("\(error)") }
            let place = try RunDatabase.setAside(paths.database)
            let made = try makeDatabase()
            try recover(made, nil, found, because: "\(error) It was set aside as \(place).")
            return (made, true)
        }
        if let identity { try CoordinatorNode.checkPlan(plan, against: identity, paths: paths) }
        switch choice.verdict(
            memory(identity), try candidates(), hasRecords: hasRecords,
            ended: Set(try database.ends().map { StageIndex($0.stage) }))
        {
        case .begin, .goOn: return (database, false)
        case .recover(let candidates, let elseGoOn):
            let isOlder = "\(paths.database) is older than the run's checkpoints"
            let reason = identity == nil ? "\(paths.database) is gone or empty" : isOlder
            if let found = try newestWhole(candidates) {
                try recover(database, identity, found, because: reason)
                return (database, true)
            }
            guard elseGoOn else { throw nothing(reason) }
            return (database, false)
        }
    }

    private var choice: StartChoice { StartChoice(planHash: planHash, stageCount: catalog.stages.count) }

    private func memory(_ identity: RunIdentity?) -> StartChoice.Memory {
        guard let identity else { return .empty }
        guard let stage = identity.stage, let step = identity.step else {
            return .known(runID: identity.id, position: nil)
        }
        return .known(runID: identity.id, position: RunPosition(stage: stage, step: step))
    }

    private func candidates() throws -> [StartChoice.Candidate] {
        try store.headers().map { .init(runID: $0.runID, planHash: $0.planHash, position: $0.position) }
    }

    private func found(_ memory: StartChoice.Memory) throws -> Found? {
        guard
            case .recover(let candidates, _) = choice.verdict(
                memory, try candidates(), hasRecords: hasRecords, ended: [])
        else { return nil }
        return try newestWhole(candidates)
    }

    /// Throws `StorageError.damaged`, the database being closed again, for what SQLite does not notice, too: the run's
    /// row is not what it was.
    private func openBelieved() throws -> (RunDatabase, RunIdentity?) {
        let database = try makeDatabase()
        guard let known = try database.identity() else { return (database, nil) }
        if (try? Plan(json: String(decoding: known.plan, as: UTF8.self))) == nil {
            throw StorageError.damaged(path: paths.database, reason: "the plan in it cannot be read")
        }
        if choice.isForeign(runID: known.id, try candidates()) {
            throw StorageError.damaged(
                path: paths.database, reason: "it is of run \(known.id) and the plan's checkpoints are of another")
        }
        return (database, known)
    }

    private func makeDatabase() throws -> RunDatabase {
        let database = try RunDatabase(path: paths.database, stageNames: catalog.stages.map(\.plan.name))
        if database.wasOpenElsewhere {
            logger.warning(
                """
                another process has \(paths.database) open: the run goes on with a copy in its place, and what that \
                process shows of it is of before this start; end it, or have it open the file again
                """)
        }
        return database
    }

    /// Whether the folder holds anything that a run leaves.
    private var hasRecords: Bool {
        let files = [paths.metrics, paths.stages].contains { ((try? AtomicFile.read($0)) ?? []).isEmpty == false }
        return files || ((try? store.folders()) ?? []).isEmpty == false
    }

    private func nothing(_ reason: String) -> CoordinatorError {
        .nothingToGoOnFrom(
            run: paths.folder, reason: "\(reason), and no checkpoint in \(store.folder) is whole and of this plan")
    }

    private func checkpoints(of runID: String) -> RunCheckpoints {
        RunCheckpoints(catalog: catalog, store: store, runID: runID, keep: plan.checkpoint.keep)
    }

    private func newestWhole(_ candidates: [StartChoice.Candidate]) throws -> Found? {
        let headers = try store.headers()
        for name in try store.folders() where !headers.contains(where: { $0.name == name }) {
            logger.warning("checkpoint \(name) has no manifest that can be read, and is not used")
        }
        for candidate in candidates {
            let header = headers.first { $0.position == candidate.position && $0.runID == candidate.runID }
            guard let header else { continue }
            if try checkpoints(of: header.runID).isWhole(header.position, say: { logger.warning("\($0)") }) {
                return Found(header: header)
            }
        }
        return nil
    }

    /// Takes the run over at the checkpoint, with what the files beside it say of the steps before.
    private func recover(_ database: RunDatabase, _ known: RunIdentity?, _ found: Found, because reason: String) throws
    {
        let term = StartChoice.term(after: known?.term, clockSeconds: UInt64(Date().timeIntervalSince1970))
        let position = found.position
        let (commits, later) = try commits(before: position)
        try database.recover(
            RunIdentity(
                id: found.header.runID, plan: plan.canonicalJSON, term: term, stage: position.stage,
                step: position.step, computeProfile: found.header.computeProfile),
            commits: commits, ends: ends(before: position.stage))
        let steps = catalog.stages.filter { $0.index < position.stage && $0.shape.commits }
            .reduce(position.step.value) { $0 + $1.shape.stepCount }
        let unknown = try Int(steps) - catalog.stages.reduce(0) { try $0 + database.commits(of: $1.index).count }
        logger.warning(
            """
            \(reason). The run goes on from checkpoint \(catalog[position.stage].plan.name)-\(position.step.value), \
            its newest whole one: \(later) later steps in metrics.jsonl are computed again, the figures of \(unknown) \
            earlier ones are not known any more\(known == nil ? ", samples that it excludes are found anew" : "")
            """)
    }

    /// From the metrics: what was committed before the position, and how many steps after it.
    private func commits(before position: RunPosition) throws -> (before: [CommitRecord], later: Int) {
        var before: [CommitRecord] = []
        var later = 0
        for metrics in try RunFolder(paths.folder).metrics() where metrics.step >= 0 {
            guard let stage = catalog.stages.first(where: { $0.plan.name == metrics.stage && $0.shape.commits }),
                UInt64(metrics.step) < stage.shape.stepCount
            else { continue }
            guard RunPosition(stage: stage.index, step: StepIndex(UInt64(metrics.step))) < position else {
                later += 1
                continue
            }
            let clipScale = stage.commitRule.clipScale(of: metrics.gradientNorm)
            before.append(CommitRecord(metrics, stage: stage.index, clipScale: clipScale))
        }
        return (before, later)
    }

    /// Lines of stages that ended, as the file of an earlier version or of a lost database has them.
    private func ends(before stage: StageIndex) throws -> [StageEnd] {
        try RunFolder(paths.folder).stages().compactMap { summary in
            guard let ended = catalog.stages.first(where: { $0.plan.name == summary.stage }), ended.index < stage else {
                return nil
            }
            return StageEnd(stage: ended.index, summary: try JSONLine.encode(summary))
        }
    }

    private func keepEnds(_ database: RunDatabase, before stage: StageIndex) throws {
        for end in try ends(before: stage) { try database.end(end) }
    }
}

extension CheckpointHeader {
    fileprivate var position: RunPosition { RunPosition(stage: stageIndex, step: step) }
}
