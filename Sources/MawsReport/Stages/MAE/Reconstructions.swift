import Foundation
import MawsCheckpoint
import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor
import MawsTraining

/// Makes the reconstructions of a finished `mae` stage from its last checkpoint and images it was not trained on.
struct Reconstructions {
    /// Neighbours that are looked at for one that is different.
    private static let triesMax = 32

    let plan: Plan
    let runFolder: String
    let root: String

    func make(stage: StagePlan, steps: Int) -> Result<MAEReconstruction, ReconstructionFailure> {
        do {
            let name = "checkpoints/\(stage.name)-\(steps)"
            guard FileManager.default.fileExists(atPath: "\(runFolder)/\(name)") else {
                return .failure(ReconstructionFailure(reason: "\(name) is no longer in the run folder."))
            }
            let checkpoint = try CheckpointStore(folder: "\(runFolder)/checkpoints").open("\(stage.name)-\(steps)")
            let index = UInt32(plan.stages.firstIndex { $0.name == stage.name } ?? 0)
            guard checkpoint.header.table == StageModel.table(stage, in: plan) else {
                return .failure(
                    ReconstructionFailure(reason: "its checkpoint holds another model than the plan describes."))
            }
            let loader = try BatchLoader(
                plan: plan, stage: viewing(stage), stageIndex: index, root: root, inOrder: true)
            let objective = MAEObjective(
                plan: plan, stage: stage, stageIndex: index, backend: ComputeBackend.reference(threads: 1),
                keeps: .nothing)
            return .success(
                try objective.reconstruct(Self.differentImages(loader), weights: CheckpointWeights(checkpoint)))
        } catch let failure as ReconstructionFailure {
            return .failure(failure)
        } catch {
            return .failure(ReconstructionFailure(reason: "\(error)"))
        }
    }

    /// One image from each eighth of the split, the first of it that is not there yet: neighbours often show the same
    /// thing, and small data the same image. Fewer where there are no more.
    private static func differentImages(_ loader: BatchLoader) throws -> UnitBatch {
        let count = min(MAEStage.shownImages, loader.unitCount)
        var chosen: [UnitBatch] = []
        for part in 0..<count {
            let positions = (part * loader.unitCount / count)..<((part + 1) * loader.unitCount / count)
            for position in positions.prefix(triesMax) {
                let batch = try loader.batch(step: 0, unit: position)
                let pixels = batch[.image].floats.array
                if batch.count == 0 || chosen.contains(where: { $0[.image].floats.array == pixels }) { continue }
                chosen.append(batch)
                break
            }
        }
        guard let first = chosen.first else {
            throw ReconstructionFailure(reason: "no image of the split can be read.")
        }
        let pixels = FloatBuffer(chosen.flatMap { $0[.image].floats.array })
        return UnitBatch(
            slots: chosen.flatMap(\.slots), samples: chosen.flatMap(\.samples),
            inputs: [UnitInput(first[.image].specification, pixels.all)])
    }

    /// The stage image by image, on the split that the plan evaluates on.
    private func viewing(_ stage: StagePlan) -> StagePlan {
        var view = stage
        view.on = plan.stages.first { !$0.trains }?.on ?? stage.on
        view.unit = 1
        return view
    }
}
