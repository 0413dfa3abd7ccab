import Logging
import MawsBase
import MawsPlan
import MawsProtocol
import MawsRecords
import MawsReport

/// What the log and the live line say of stages and checkpoints.
extension CoordinatorNode {
    /// Where the run is, for lines about something else.
    var place: Logger.Metadata {
        ["stage": "\(catalog[core.stage.index].plan.name)", "step": "\(core.progress.done)"]
    }

    /// A stage is under way: after its preparation, or where the run goes on.
    func logBegin(_ position: RunPosition) {
        let stage = catalog[position.stage]
        let (done, total) = (position.step.value, stage.shape.stepCount)
        let checkpoint = "\(stage.plan.name)-\(core.newestCheckpoint.step.value)"
        standing.begin(
            stage: stage.title(of: catalog.stages.count), steps: stage.shape.commits ? (done, total) : nil,
            checkpoint: checkpoint)
        let work =
            stage.shape.commits
            ? "\(total) steps of \(stage.imagesPerStep) samples" + (done > 0 ? ", of which \(done) are done" : "")
            : "\(stage.imagesPerStep) samples"
        logger.info("stage \(stage.title(of: catalog.stages.count)) begins: \(work); checkpoint \(checkpoint)")
        progressLoggedAt = world.now()
    }

    /// A checkpoint inside a stage, or at its end.
    func logCheckpoint(_ position: RunPosition) {
        let name = "\(catalog[position.stage].plan.name)-\(position.step.value)"
        standing.took(checkpoint: name)
        logger.info("checkpoint \(name) is complete")
    }

    /// The end of a stage, with what came out.
    func logEnd(_ stage: StageCatalog.Stage, _ summary: StageSummary, _ now: Moment) {
        display.show(progress.lastSnapshot(of: stage, snapshot(now)), at: now)
        display.finish()
        progress.beginStage(now)
        logger.info("stage \(stage.title(of: catalog.stages.count)) ended: \(ResultTable.sentence(summary))")
    }
}
