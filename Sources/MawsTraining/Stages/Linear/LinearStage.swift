import MawsBase
import MawsData
import MawsKernels
import MawsModel
import MawsPlan

/// The linear probe: every unit shares its features, and one unit fits and evaluates a logistic regression on them.
package struct LinearStage: StageDefinition {
    package let place: StagePlace
    let task: LinearTask

    package init(_ place: StagePlace, _ task: LinearTask) { (self.place, self.task) = (place, task) }

    package var blocks: [ParameterBlock] {
        ImageTowerTable.blocks(image, prefix: "", isTrainable: false, trainsPosition: false)
    }

    package var phases: [StagePhase] {
        [
            StagePhase(title: "features", postedFloatsPerSample: image.width + ProbeRows.extraFloats),
            StagePhase(.one, title: "fits the regression"),
        ]
    }

    package func worker(_ tools: StageTools) -> any StageWorker {
        let onUnits = (tools.sampleCount + stage.unit - 1) / stage.unit
        return ProbeWorker(
            extractor: FeatureExtractor(image, backend: tools.backend),
            backend: tools.backend, stage: stage, task: task, width: image.width, classNames: tools.classNames,
            fitUnits: tools.unitCount - onUnits, unitCount: tools.unitCount)
    }

    package func trial(_ setting: TrialSetting) -> any UnitTrial { FeatureTrial(place, setting) }

    package func rehearse(
        _ batch: UnitBatch, _ backend: ComputeBackend, _ keeps: KeptActivations, _ weights: BlockMemory
    ) throws -> Int {
        let extractor = FeatureExtractor(image, backend: backend)
        _ = try extractor.features(batch, weights: weights)
        return 0
    }

    package func evaluation(classNames: [String]) -> (any StageEvaluation)? {
        ProbeEvaluation(stage: stage, penalty: task.penalty, width: image.width, classNames: classNames)
    }
}
