import MawsPlan

/// Makes the unit batches of one stage. Thread-safe: a prefetch thread may call it beside the one that computes.
public final class BatchLoader: Sendable {
    /// Units of an evaluation stage; of a step for a training stage.
    public let unitCount: Int
    /// SHA-256 in hex over the samples of every split the stage reads, in order.
    public let fingerprint: String
    /// Samples of the split the stage is `on`.
    public let sampleCount: Int

    /// - Parameter root: folder that the plan's relative paths are relative to.
    public init(plan: Plan, stage: StagePlan, stageIndex: UInt32, root: String) throws {
        fatalError("filled by the next commit")
    }

    /// Unreadable samples met so far, each once.
    public var skipped: [SkippedSample] { [] }

    public func batch(step: UInt64, unit: Int) throws -> UnitBatch { fatalError("filled by the next commit") }
}
