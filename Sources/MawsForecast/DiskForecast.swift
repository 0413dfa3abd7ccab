import Foundation
import MawsBase
import MawsOptimizer
import MawsPlan
import MawsState
import MawsTraining

/// What a stage takes on disk, and what of it stays: a function of the plan alone.
package struct StageDisk {
    /// Bytes of the state file of each server.
    package let stateBytes: Int
    /// All state files with the copies of the version that a checkpoint is made of, and the checkpoints that are kept
    /// while the stage runs: its first, whose moments are zeros that take no space and whose average is a copy of the
    /// weights, the newest ones, and one in the making.
    package let runningBytes: Int
    /// The checkpoint that stays when it is over: the last of a stage that trains.
    package let stayingBytes: Int

    package init(plan: Plan, stage: StagePlan) {
        let table = StageModel.table(stage, in: plan)
        let cost = StageCost(
            plan: plan, stage: stage, parameters: table.parameterCount, trainable: table.trainableCount)
        let servers = plan.cluster.servers
        let shard = ShardIdentity(index: 0, count: servers)
        let shape = StateLayout(table, shard: shard, laneCount: UpdateThreads.lanesMax).shape
        stateBytes = shape.size
        let frozenBytes = stage.trains ? shape.weightBytes + shape.slotBytes : 0
        // Gradients are in state files only.
        let checkpoint = cost.stateBytes - 4 * table.trainableCount
        let kept = stage.trains ? checkpoint * (plan.checkpoint.keep + 1) : 0
        let averages = table.blocks.reduce(0) { bytes, block in
            bytes + 4 * block.count * block.slots.count { !$0.rule.startsAtZero }
        }
        runningBytes = (stateBytes + frozenBytes) * servers + 4 * table.parameterCount + averages + kept
        stayingBytes = stage.trains ? checkpoint : 0
    }
}

/// What a run takes on disk at most, all machines together.
package struct DiskForecast: Sendable {
    package let bytes: Int
    /// What is free where the run's folder is or will be; nil where the system does not say.
    package let freeBytes: Int?

    package init(plan: Plan) {
        var staying = 0
        var most = 0
        for stage in plan.stages {
            let disk = StageDisk(plan: plan, stage: stage)
            most = max(most, staying + disk.runningBytes)
            staying += disk.stayingBytes
        }
        bytes = max(most, staying)
        freeBytes = Self.freeBytes(at: plan.run)
    }

    private static func freeBytes(at folder: String) -> Int? {
        var place = URL(fileURLWithPath: folder).standardizedFileURL
        while !FileManager.default.fileExists(atPath: place.path) && place.path != "/" {
            place.deleteLastPathComponent()
        }
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: place.path)
        return (attributes?[.systemFreeSize] as? NSNumber)?.intValue
    }
}
