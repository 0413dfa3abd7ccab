import MawsBase
import MawsData
import MawsPlan

/// A unit of a stage's own data, and how long such data takes to read.
package struct StageSample {
    /// Samples of a unit; none where an evaluation could read none.
    let batch: UnitBatch
    /// Seconds of one thread for reading, decoding and augmenting an image.
    let secondsPerImage: Double

    /// A sentence with file, line and field where reading two units takes more memory than there is.
    package static func fault(_ stage: StagePlan, in plan: Plan, freeBytes: Int) -> String? {
        let unitBytes = stage.unit * stage.task.inputs(of: stage, in: plan).reduce(0) { $0 + $1.byteCount }
        guard 3 * unitBytes >= freeBytes else { return nil }
        return plan.located(
            stage.field("unit"),
            "two units of stage \(stage.name) are read for its forecast, of \(ByteSize(bytes: unitBytes)) each, and "
                + "this machine has no memory for them; make `unit` smaller, or check the plan on a larger machine")
    }

    /// Reads two units.
    /// - Parameter root: folder that the plan's relative paths are relative to.
    package init(plan: Plan, stage: StagePlan, root: String) throws {
        let index = plan.stages.firstIndex { $0.name == stage.name } ?? 0
        let loader = try BatchLoader(plan: plan, stage: stage, stageIndex: UInt32(index), root: root)
        // The first one also opens files.
        batch = try loader.batch(step: 0, unit: 0)
        let start = Moment.now()
        let next = try loader.batch(step: 0, unit: loader.unitCount - 1)
        secondsPerImage = Moment.now().seconds(since: start) / Double(max(1, next.count))
    }
}
