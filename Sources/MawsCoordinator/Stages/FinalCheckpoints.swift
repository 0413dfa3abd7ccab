import Foundation
import Logging
import MawsBase
import MawsCheckpoint
import MawsDatabase
import MawsPlan
import MawsProtocol
import MawsRecords

/// What a finished run leaves: the final checkpoints of its stages and the results of its evaluations, every byte of
/// which is read once more when the run ends and when it is started again, as nobody else may read those of earlier
/// stages any more.
package struct FinalCheckpoints {
    package let checkpoints: RunCheckpoints
    package let database: RunDatabase
    /// The run's folder of results.
    package let results: String
    package let logger: Logger

    package init(checkpoints: RunCheckpoints, database: RunDatabase, results: String, logger: Logger) {
        (self.checkpoints, self.database, self.results, self.logger) = (checkpoints, database, results, logger)
    }

    /// Sets damaged ones aside and takes the run back to the first of their stages, for the next start to compute it
    /// again; so with results of evaluations, which need their stage's source. A checkpoint that somebody removed is
    /// said and no more: it is theirs to remove.
    ///
    /// - Returns: what has to be done; nil where the run is as finished as it seems.
    package func settle() throws -> String? {
        let there = try present()
        let say = { (sentence: String) in logger.warning("\(sentence)") }
        let checkpointsDamaged = try there.filter { try !checkpoints.isWhole(finalPosition($0), say: say) }
        let damaged = try (checkpointsDamaged + evaluationsToRepeat(there, say: say)).sorted { $0.index < $1.index }
        guard let first = damaged.first else { return nil }
        var position = RunPosition(stage: first.index, step: StepIndex(0))
        for stage in damaged.reversed() {
            position = RunPosition(stage: stage.index, step: StepIndex(0))
            if stage.shape.commits {
                position =
                    try checkpoints.newestWhole(of: stage.index, upTo: finalPosition(stage).step, say: say) ?? position
            }
            try database.rollBack(to: position.stage, step: position.step)
        }
        return """
            \(Self.finding(damaged)): the run is finished when \(first.plan.name) is computed \
            again from step \(position.step.value) on, to the same bits
            """
    }

    /// What was damaged of these stages, at least one.
    package static func finding(_ damaged: [StageCatalog.Stage]) -> String {
        let parts = [("final checkpoint", true), ("result", false)].compactMap { what, commits -> String? in
            let names = damaged.filter { $0.shape.commits == commits }.map(\.plan.name)
            guard !names.isEmpty else { return nil }
            return "the \(what)\(names.count > 1 ? "s" : "") of \(names.joined(separator: " and "))"
        }
        let verbs = damaged.count > 1 ? "were damaged and are set aside" : "was damaged and is set aside"
        return "\(parts.joined(separator: " and ")) \(verbs)"
    }

    private func finalPosition(_ stage: StageCatalog.Stage) -> RunPosition { checkpoints.final(of: stage.plan.name) }

    /// The stages whose final checkpoint is there; the others are said.
    private func present() throws -> [StageCatalog.Stage] {
        let folders = Set(try checkpoints.store.folders())
        let stages = checkpoints.catalog.stages.filter { $0.shape.commits }
        let there = stages.filter { folders.contains(checkpoints.name(finalPosition($0))) }
        let names = { (stages: [StageCatalog.Stage]) in
            stages.map { checkpoints.name(finalPosition($0)) }.joined(separator: ", ")
        }
        for stage in stages where !there.contains(where: { $0.index == stage.index }) {
            logger.warning("checkpoint \(names([stage])), the final one of its stage, is not there any more")
        }
        logger.info(
            there.isEmpty
                ? "none of the run's final checkpoints is there any more to be read: \(names(stages))"
                : "reading what the run leaves once more: \(names(there))")
        return there
    }

    /// Evaluations whose result is damaged or gone, as far as they can be made again: that the weights which they are
    /// of were removed takes no training back.
    private func evaluationsToRepeat(
        _ there: [StageCatalog.Stage], say: (String) -> Void
    ) throws -> [StageCatalog.Stage] {
        let ends = try database.ends().map { try JSONLine.decode(StageSummary.self, from: Data($0.summary.utf8)) }
        let found = RunResults(folder: results, stages: ends)
        for damage in found.damage { say(damage.finding) }
        let names = Set(found.damage.map(\.stage))
        return try checkpoints.catalog.stages.filter { stage in
            guard !stage.shape.commits, names.contains(stage.plan.name) else { return false }
            if let source = stage.plan.from, !there.contains(where: { $0.plan.name == source }) {
                say("stage \(stage.plan.name) is not evaluated again: the final checkpoint of \(source) is gone")
                return false
            }
            try found.setAside(stage.plan.name)
            return true
        }
    }
}

extension CoordinatorNode {
    /// At the end of a run: one that leaves damaged weights is not finished, whoever asks.
    func verifyFinals() throws {
        let finals = FinalCheckpoints(
            checkpoints: checkpoints, database: database, results: paths.results, logger: logger)
        guard let sentence = try world.write(.database, { try finals.settle() }) else { return }
        outcome = nil
        failure = "\(sentence): start it again"
        _ = try world.write(.records) { try recordFiles.agree() }
    }
}
