import Logging
import MawsBase
import MawsData
import MawsKernels
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

    /// Units that stay from one phase of a step to the next take memory that has to be counted.
    func memory(_ stage: StagePlan, _ definition: any StageDefinition) throws -> MemoryChoice {
        let keepsUnits = stage.trains && definition.phases.count > 1
        if memoryBytes == nil && !keepsUnits { return .unlimited(stage, in: plan) }
        let choice = try MemoryChoice(
            plan: plan, stage: stage, compute: backend.profile.kind, threads: backend.threads, memoryBytes: memoryBytes)
        if memoryBytes != nil { log.info("stage \(stage.name): \(choice)") }
        return choice
    }

    func worker(
        _ definition: any StageDefinition, memory: MemoryChoice, reuse: FeatureReuse?, loader: BatchLoader
    ) throws -> any StageWorker {
        try definition.worker(
            StageTools(
                backend: backend, memory: memory, unitCount: loader.unitCount, sampleCount: loader.sampleCount,
                classNames: classes.names, root: root, features: reuse))
    }

    /// What may be used again of an image's features; nil where a stage has no fixed views.
    func reuse(_ stage: StagePlan, _ index: StageIndex, loader: BatchLoader) throws -> FeatureReuse? {
        guard let viewCount = loader.viewCount else { return nil }
        return try FeatureReuse(
            plan: plan, stage: stage, index: index, loader: loader, viewCount: viewCount, profile: backend.profile,
            options: cache, log: log)
    }
}
