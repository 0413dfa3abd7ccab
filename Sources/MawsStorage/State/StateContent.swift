import MawsBase

/// What a state file holds: one shard's state of one stage at one version.
public struct StateContent: Hashable, Sendable {
    public var shard: ShardIdentity
    public var runID: String
    public var stage: StageIndex
    /// Hash of the stage's block table, 32 bytes: the file's layout follows from it and the shard.
    public var tableHash: [UInt8]
    public var step: StepIndex
    /// Bank with the weights and moments of version `step`: 0 or 1.
    public var activeBank: Int
    /// Whether the whole reduced gradient of step `step` is there too.
    public var hasReduced: Bool

    public init(
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

/// How many floats a state file has room for, and where. Every area starts at a page.
///
/// Two header slots, frozen weights, two banks of (weights, first moments, second moments) of what is trained, and one
/// reduced gradient.
public struct StateShape: Hashable, Sendable {
    public var frozenCount: Int
    public var trainableCount: Int

    public init(frozenCount: Int, trainableCount: Int) {
        self.frozenCount = frozenCount
        self.trainableCount = trainableCount
    }

    static let page = 4096
    /// Where the two header slots begin.
    static let slots = [0, page]

    private var frozenOffset: Int { 2 * Self.page }
    private var bankOffset: Int { frozenOffset + Self.pages(frozenCount) }

    /// Area 0 to 5: weights, first and second moments of bank 0, then of bank 1; area 6: the reduced gradient.
    func trainableOffset(_ area: Int) -> Int { bankOffset + area * Self.pages(trainableCount) }
    var offsetOfFrozen: Int { frozenOffset }
    /// Bytes in the file.
    var size: Int { trainableOffset(7) }

    private static func pages(_ floats: Int) -> Int { (4 * floats + page - 1) / page * page }
}
