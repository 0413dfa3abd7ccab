import MawsBase
import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor

/// Masked autoencoding: a unit's loss is a sum over its images.
package struct MAEStage: ObjectiveStage {
    package let place: StagePlace
    let task: MAETask

    /// Images whose reconstructions a report shows.
    package static let shownImages = 8

    package init(_ place: StagePlace, _ task: MAETask) { (self.place, self.task) = (place, task) }

    package var blocks: [ParameterBlock] { MAETable.blocks(image, task.decoder) }

    package var towers: [StageTower] {
        let decoder = StageTower(depth: task.decoder.depth) { depth, plan, stage in
            var stage = stage
            stage[MAETask.self]?.decoder.depth = depth
            return (plan, stage)
        }
        return [.image(in: place.plan), decoder]
    }

    package func sized(samples: Int) -> StagePlan {
        var part = stage.resized(samples: samples)
        part[MAETask.self]?.decoder.microBatch = nil
        return part
    }

    package func objective(_ backend: ComputeBackend, keeps: KeptActivations) -> any UnitObjective {
        MAEObjective(plan: place.plan, stage: stage, stageIndex: place.index, backend: backend, keeps: keeps)
    }

    /// The buffers of `MAEObjective.reconstruct` and the weights of a block that is gathered for it.
    package func reportBytes() throws -> Int {
        let rehearsal = BufferTally(rehearses: true)
        return try rehearsal.run {
            let weights = BlockMemory(table)
            var part = stage
            part.unit = Self.shownImages
            let batch = UnitBatch(rehearsing: part, place.plan)
            let before = rehearsal.liveByteCount
            let objective = MAEObjective(
                plan: place.plan, stage: stage, stageIndex: place.index,
                backend: ComputeBackend.rehearsal(.reference, operands: .float32), keeps: .nothing)
            _ = try objective.reconstruct(batch, weights: weights)
            return rehearsal.peakByteCount - before + 4 * (weights.table.blocks.map(\.count).max() ?? 0)
        }
    }
}
