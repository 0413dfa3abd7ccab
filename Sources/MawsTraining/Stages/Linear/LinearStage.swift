import Foundation
import MawsBase
import MawsData
import MawsKernels
import MawsModel
import MawsPlan

/// The linear probe: every unit posts its features, and one unit fits and evaluates a logistic regression on them.
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
            extractor: FeatureExtractor(
                plan: place.plan, stage: stage, stageIndex: place.index, backend: tools.backend),
            backend: tools.backend, stage: stage, task: task, width: image.width, classNames: tools.classNames,
            fitUnits: tools.unitCount - onUnits, unitCount: tools.unitCount)
    }

    package func trial(_ setting: TrialSetting) -> any UnitTrial { FeatureTrial(place, setting) }

    package func rehearse(
        _ batch: UnitBatch, _ backend: ComputeBackend, _ keeps: Keeping, _ weights: BlockMemory
    ) throws -> Int {
        let extractor = FeatureExtractor(plan: place.plan, stage: stage, stageIndex: place.index, backend: backend)
        _ = try extractor.features(batch, weights: weights)
        return 0
    }

    package func evaluation(classNames: [String]) -> (any StageEvaluation)? { ProbeEvaluation(stage: stage.name) }
}

/// The units of the first phase say the keys of what will be predicted, and the one of the second the predictions.
private struct ProbeEvaluation: StageEvaluation {
    let stage: String
    /// Keys of the samples by their number in the split.
    private var keys: [Int: String] = [:]
    private var outcome: ClassificationResult?

    init(stage: String) { self.stage = stage }

    mutating func add(_ result: [UInt8], from unit: UnitPlace) throws {
        let bytes = Data(result)
        if unit.phase == 0 {
            keys.merge(try JSONDecoder().decode([Int: String].self, from: bytes)) { _, new in new }
        } else {
            outcome = try JSONDecoder().decode(ClassificationResult.self, from: bytes)
        }
    }

    func result() throws -> any StageResult {
        guard var outcome, outcome.scoredCount > 0 else {
            throw StageError.nothingScored(stage: stage, samples: outcome?.samples.count ?? 0)
        }
        for row in outcome.samples.indices where outcome.samples[row].key == nil {
            outcome.samples[row].key = keys[outcome.samples[row].sample]
        }
        return outcome
    }
}
