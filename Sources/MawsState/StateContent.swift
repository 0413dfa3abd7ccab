import MawsBase

/// What a state file holds: one shard's state of one stage at one version.
package struct StateContent: Hashable, Sendable {
    package var shard: ShardIdentity
    package var runID: String
    package var stage: StageIndex
    /// Hash of the stage's block table, 32 bytes: the file's layout follows from it and the shard.
    package var tableHash: [UInt8]
    package var step: StepIndex
    /// Bank with the weights of version `step`: 0 or 1.
    package var activeBank: Int
    /// Whether the whole reduced gradient of step `step` is there too, in the other bank.
    package var hasReduced: Bool
    /// Gradients of this file that did not count in the end.
    package var droppedCount: UInt64 = 0
    /// The update that version `step` is being made by; nil when it is whole. What is left to do is known from the
    /// file's journal.
    package var update: StateUpdate?

    package init(
        shard: ShardIdentity, runID: String, stage: StageIndex, tableHash: [UInt8], step: StepIndex,
        activeBank: Int = 0,
        hasReduced: Bool = false
    ) {
        self.shard = shard
        self.runID = runID
        self.stage = stage
        self.tableHash = tableHash
        self.step = step
        self.activeBank = activeBank
        self.hasReduced = hasReduced
    }
}

extension StateContent {
    /// The version in force, or the one being made.
    package var weights: StateHolding { .weights(bank: activeBank, step) }
    package func slots(of chunk: StateChunk) -> [StateHolding] { chunk.slots.indices.map { .slot($0, step) } }
    /// What the gradient of the step after that version is filed under.
    package var gradient: StateHolding { .gradient(bank: 1 - activeBank, step, dropped: droppedCount) }

    /// What the version before left for an update that is under way, until that is through with the chunk.
    package var weightsBefore: StateHolding { .weights(bank: 1 - activeBank, stepBefore) }
    package func slotsBefore(of chunk: StateChunk) -> [StateHolding] {
        chunk.slots.indices.map { .slot($0, stepBefore) }
    }
    package var gradientBefore: StateHolding { .gradient(bank: activeBank, stepBefore, dropped: droppedCount) }

    private var stepBefore: StepIndex { StepIndex(step.value - 1) }
}

/// What a commit says about an update.
package struct StateUpdate: Hashable, Sendable {
    package var learningRate: Double
    /// 0: the step is skipped.
    package var clipScale: Double

    package init(learningRate: Double, clipScale: Double) {
        self.learningRate = learningRate
        self.clipScale = clipScale
    }
}

/// How much a state file has room for, in bytes, and where. Every area starts at a page.
///
/// Two header slots; frozen weights; two banks of trained weights, of which the one that is not active takes the
/// reduced gradient and then, in its place, the next version; slots, which change in place; the journal of such
/// changes: a mark for each chunk, and for each thread a copy of the chunk that it is at; the checksums of all areas
/// before the journal.
package struct StateShape: Hashable, Sendable {
    package var frozenBytes: Int
    /// Bytes of one bank of weights.
    package var weightBytes: Int
    /// All slots of all blocks.
    package var slotBytes: Int
    /// Chunks of what is frozen.
    package var frozenChunkCount: Int
    /// Chunks of what is trained.
    package var chunkCount: Int
    /// Checksums of a trained chunk: one for each bank, and for each slot of the block that has most.
    package var checksPerChunk: Int
    /// Copies there is room for, and the bytes of one, a multiple of 64.
    package var laneCount: Int
    package var laneBytes: Int

    package init(
        frozenBytes: Int, weightBytes: Int, slotBytes: Int, frozenChunkCount: Int, chunkCount: Int,
        checksPerChunk: Int, laneCount: Int, laneBytes: Int
    ) {
        self.frozenBytes = frozenBytes
        self.weightBytes = weightBytes
        self.slotBytes = slotBytes
        self.frozenChunkCount = frozenChunkCount
        self.chunkCount = chunkCount
        self.checksPerChunk = checksPerChunk
        self.laneCount = laneCount
        self.laneBytes = laneBytes
    }

    static let page = 4096
    /// Where the two header slots begin.
    static let headers = [0, page]

    package var frozenOffset: Int { 2 * Self.page }
    package func weightOffset(bank: Int) -> Int {
        frozenOffset + Self.pages(frozenBytes) + bank * Self.pages(weightBytes)
    }
    package var slotsOffset: Int { weightOffset(bank: 2) }
    package var marksOffset: Int { slotsOffset + Self.pages(slotBytes) }
    package var lanesOffset: Int { marksOffset + Self.pages(4 * chunkCount) }
    package var checksOffset: Int { lanesOffset + Self.pages(laneCount * laneBytes) }
    package var frozenChecksOffset: Int { checksOffset + Self.pages(4 * checksPerChunk * chunkCount) }
    /// Bytes in the file.
    package var size: Int { frozenChecksOffset + Self.pages(4 * frozenChunkCount) }

    private static func pages(_ bytes: Int) -> Int { (bytes + page - 1) / page * page }
}
