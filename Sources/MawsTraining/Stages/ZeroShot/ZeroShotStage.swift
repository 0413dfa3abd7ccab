import Foundation
import MawsBase
import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor

/// Zero-shot classification: every unit returns its predictions.
package struct ZeroShotStage: StageDefinition {
    package let place: StagePlace
    let task: ZeroShotTask

    package init(_ place: StagePlace, _ task: ZeroShotTask) { (self.place, self.task) = (place, task) }

    /// Those of locked-image tuning, which trained them.
    package var blocks: [ParameterBlock] { LiTTable.blocks(image, text, isTrainable: false) }

    package var phases: [StagePhase] { [StagePhase()] }

    package func worker(_ tools: StageTools) throws -> any StageWorker {
        ZeroShotWorker(
            classifier: try ZeroShotClassifier(
                plan: place.plan, stage: stage, tokenizer: tokenizer(root: tools.root), root: tools.root,
                backend: tools.backend))
    }

    /// Captions and prompts share one tokenizer, which the split evaluated need not name.
    private func tokenizer(root: String) throws -> Tokenizer {
        let plan = place.plan
        guard let text = plan.model.text else { throw StageError.noTextModel(stage: stage.name) }
        guard let path = plan.split(stage.on)?.tokenizer ?? plan.data.lazy.compactMap(\.tokenizer).first else {
            throw StageError.noTokenizer(stage: stage.name)
        }
        return try Tokenizer(model: PathText.resolved(path, root: root), context: text.context)
    }

    package func trial(_ setting: TrialSetting) -> any UnitTrial { FeatureTrial(place, setting) }

    package func rehearse(
        _ batch: UnitBatch, _ backend: ComputeBackend, _ keeps: KeptActivations, _ weights: BlockMemory
    ) throws -> Int {
        let extractor = FeatureExtractor(image, backend: backend)
        _ = try extractor.features(batch, weights: weights)
        guard let text = place.plan.model.text else { return 0 }
        let tower = TextTower(text, table: weights.table, backend: backend)
        let prompts = UnitInput(rehearsing: .text(text), count: batch.count)
        _ = try tower.forward(
            TextBatch(prompts), keeps: .nothing, workspace: Workspace(), weights: weights)
        return 0
    }

    package func evaluation(classNames: [String]) -> (any StageEvaluation)? {
        PromptEvaluation(stage: stage, classNames: classNames)
    }
}

private struct PromptEvaluation: StageEvaluation {
    let stage: StagePlan
    let classNames: [String]
    private var samples: [Int: [ClassificationResult.Sample]] = [:]

    init(stage: StagePlan, classNames: [String]) { (self.stage, self.classNames) = (stage, classNames) }

    mutating func add(_ result: [UInt8], from unit: UnitPlace, of samples: UnitSamples) throws {
        let said = try JSONDecoder().decode([ClassificationResult.Sample].self, from: Data(result))
        try samples.check(said.map(\.sample))
        try ClassificationResult.checkClasses(of: said)
        self.samples[unit.unit] = said
    }

    func result() throws -> any StageResult {
        let all = samples.sorted { $0.key < $1.key }.flatMap(\.value).sorted { $0.sample < $1.sample }
        let outcome = ClassificationResult(
            stage: stage.name, split: stage.on, classNames: classNames, samples: all)
        guard outcome.scoredCount > 0 else {
            throw StageError.nothingScored(stage: stage.name, samples: all.count)
        }
        return outcome
    }
}
