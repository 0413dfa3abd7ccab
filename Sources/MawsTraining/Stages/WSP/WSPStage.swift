import MawsBase
import MawsKernels
import MawsModel
import MawsPlan

/// Weakly supervised pretraining: a unit's loss is a sum over its images.
package struct WSPStage: ObjectiveStage {
    package let place: StagePlace
    let task: WSPTask

    package init(_ place: StagePlace, _ task: WSPTask) { (self.place, self.task) = (place, task) }

    package var blocks: [ParameterBlock] { WSPTable.blocks(image, head: task.head, labelCount: task.labelCount) }

    package func objective(_ backend: ComputeBackend, keeps: KeptActivations) -> any UnitObjective {
        WSPObjective(plan: place.plan, stage: stage, stageIndex: place.index, backend: backend, keeps: keeps)
    }

    /// New weights are never right with certainty: only a batch without any label has no loss.
    package func fault(firstLoss: Double) -> String? {
        guard firstLoss == 0 else { return nil }
        return "stage \(stage.name) has nothing to learn: no sample of its first step has a label of the vocabulary; "
            + "make the vocabulary of this data with `maws data labels`"
    }
}
