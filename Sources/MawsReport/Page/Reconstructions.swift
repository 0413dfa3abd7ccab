import Foundation
import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsStorage
import MawsTraining

/// Makes the reconstructions of a finished `mae` stage from its last checkpoint and images it was not trained on.
struct Reconstructions {
    static let imageCount = 8

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
            let loader = try BatchLoader(plan: plan, stage: viewing(stage), stageIndex: index, root: root)
            let objective = MAEObjective(
                plan: plan, stage: stage, stageIndex: index, backend: ComputeBackend.reference(threads: 1),
                keeps: .nothing)
            let batch = try loader.batch(step: 0, unit: 0)
            return .success(try objective.reconstruct(batch, weights: CheckpointWeights(checkpoint)))
        } catch {
            return .failure(ReconstructionFailure(reason: "\(error)"))
        }
    }

    /// The stage as an evaluation of the first images of the split that the plan evaluates on, without augmentation.
    private func viewing(_ stage: StagePlan) -> StagePlan {
        var view = stage
        view.kind = .zeroshot
        view.on = plan.stages.first { !$0.kind.trains }?.on ?? stage.on
        view.unit = Self.imageCount
        view.recipe = nil
        return view
    }
}
