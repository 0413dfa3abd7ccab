import Logging
import MawsBase
import MawsPlan
import MawsProtocol
import MawsStorage

/// What a finished run leaves: the final checkpoints of its stages, every byte of which is read once more when the run
/// ends and when it is started again, as nobody else may read those of earlier stages any more.
struct FinalCheckpoints {
    let checkpoints: RunCheckpoints
    let database: RunDatabase
    let logger: Logger

    /// Sets damaged ones aside and takes the run back to the first of their stages, for the next start to compute it
    /// again. One that somebody removed is said and no more: it is theirs to remove.
    ///
    /// - Returns: what has to be done; nil where the run is as finished as it seems.
    func settle() throws -> String? {
        let stages = checkpoints.catalog.stages.filter { $0.shape.commits }
        let there = try stages.filter { stage in
            let name = checkpoints.name(checkpoints.final(of: stage.plan.name))
            let isThere = try checkpoints.store.folders().contains(name)
            if !isThere { logger.warning("checkpoint \(name), the final one of its stage, is not there any more") }
            return isThere
        }
        let names = there.map { checkpoints.name(checkpoints.final(of: $0.plan.name)) }.joined(separator: ", ")
        logger.info("reading what the run leaves once more: \(names)")
        let say = { (sentence: String) in logger.warning("\(sentence)") }
        let damaged = try there.filter { try !checkpoints.isWhole(checkpoints.final(of: $0.plan.name), say: say) }
        guard let first = damaged.first else { return nil }
        var position = RunPosition(stage: first.index, step: StepIndex(0))
        for stage in damaged.reversed() {
            let final = checkpoints.final(of: stage.plan.name)
            position =
                try checkpoints.newestWhole(of: stage.index, upTo: final.step, say: say)
                ?? RunPosition(stage: stage.index, step: StepIndex(0))
            try database.rollBack(to: position.stage, step: position.step)
        }
        return """
            the final checkpoint of \(damaged.map(\.plan.name).joined(separator: " and of ")) was damaged and is set \
            aside: the run is finished when \(first.plan.name) is computed again from step \(position.step.value) on, \
            to the same bits
            """
    }
}

extension CoordinatorNode {
    /// At the end of a run: one that leaves damaged weights is not finished, whoever asks.
    func verifyFinals() throws {
        let finals = FinalCheckpoints(checkpoints: checkpoints, database: database, logger: logger)
        guard let sentence = try finals.settle() else { return }
        outcome = nil
        failure = "\(sentence): start it again"
        _ = try RecordFiles(paths: paths, catalog: catalog, database: database).agree()
    }
}
