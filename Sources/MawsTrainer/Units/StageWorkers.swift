import Logging
import MawsBase
import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsTraining

/// Makes the worker of a stage.
struct StageWorkers {
    let plan: Plan
    /// Folder that the plan's relative paths are relative to.
    let root: String
    /// The plan's numbering of classes.
    let classes: PlanClasses
    let backend: ComputeBackend
    /// What the process may take; nil: what it likes.
    let memoryBytes: Int?
    let cache: CacheOptions
    let log: Logger

    /// Bytes of samples that may wait to be computed. Where memory is short, one unit waits and no more.
    var batchBytesMax: Int { memoryBytes == nil ? 256 << 20 : 0 }

    func memory(_ stage: StagePlan) throws -> MemoryChoice {
        if memoryBytes == nil && stage.kind != .lit { return .unlimited(stage, in: plan) }
        let choice = try MemoryChoice(
            plan: plan, stage: stage, compute: backend.profile.kind, threads: backend.threads, memoryBytes: memoryBytes)
        if memoryBytes != nil { log.info("stage \(stage.name): \(choice)") }
        return choice
    }

    func worker(
        _ stage: StagePlan, _ index: StageIndex, memory: MemoryChoice, reuse: FeatureReuse?, loader: BatchLoader
    ) throws -> any StageWorker {
        switch stage.kind {
        case .mae, .wsp:
            let objective = StageObjective.make(
                plan: plan, stage: stage, stageIndex: index.value, backend: backend, keeps: memory.keeps)
            return GradientWorker(objective: objective, globalBatch: stage.batch)
        case .lit:
            return try contrastive(stage, index, memory, reuse)
        case .linear:
            return try probe(stage, index, loader: loader)
        case .zeroshot:
            let classifier = try ZeroShotClassifier(
                plan: plan, stage: stage, tokenizer: tokenizer(stage), root: root, backend: backend)
            return ZeroShotWorker(classifier: classifier)
        }
    }

    /// What may be used again of an image's features; nil where a stage has no fixed views.
    func reuse(_ stage: StagePlan, _ index: StageIndex, loader: BatchLoader) throws -> FeatureReuse? {
        guard stage.kind == .lit, let viewCount = loader.viewCount else { return nil }
        return try FeatureReuse(
            plan: plan, stage: stage, index: index, loader: loader, viewCount: viewCount, profile: backend.profile,
            options: cache, log: log)
    }

    private func contrastive(
        _ stage: StagePlan, _ index: StageIndex, _ memory: MemoryChoice, _ reuse: FeatureReuse?
    ) throws -> any StageWorker {
        guard plan.model.text != nil else { throw TrainerError.noTextModel(stage: stage.name) }
        let objective = LiTObjective(
            plan: plan, stage: stage, stageIndex: index.value, backend: backend, keeps: memory.keeps)
        return ContrastiveWorker(
            objective: objective, stage: stage, table: StageModel.table(stage, in: plan), reuse: reuse,
            keptUnitsMax: memory.keptUnits, sum: GradientSum(backend: backend))
    }

    private func probe(_ stage: StagePlan, _ index: StageIndex, loader: BatchLoader) throws -> any StageWorker {
        let extractor = FeatureExtractor(plan: plan, stage: stage, stageIndex: index.value, backend: backend)
        let onUnits = (loader.sampleCount + stage.unit - 1) / stage.unit
        return ProbeWorker(
            extractor: extractor, backend: backend, stage: stage, width: plan.model.image.width,
            classNames: classes.names, fitUnits: loader.unitCount - onUnits, unitCount: loader.unitCount)
    }

    /// Captions and prompts share one tokenizer, which the split evaluated need not name.
    private func tokenizer(_ stage: StagePlan) throws -> Tokenizer {
        guard let text = plan.model.text else { throw TrainerError.noTextModel(stage: stage.name) }
        guard let path = plan.split(stage.on)?.tokenizer ?? plan.data.lazy.compactMap(\.tokenizer).first else {
            throw TrainerError.noTokenizer(stage: stage.name)
        }
        return try Tokenizer(model: Dataset.resolved(path, root: root), context: text.context)
    }
}
