import GRDB

/// One sample that the run passes over in one unit, as the run's database keeps it.
public struct PassedSampleRecord: Codable, Hashable, Sendable, FetchableRecord, PersistableRecord {
    public static let databaseTableName = "passedSample"

    public var stage: UInt32
    public var step: UInt64
    public var unit: UInt32
    /// Index in the split that the unit reads.
    public var sample: UInt64
    public var slot: UInt64
    public var shard: String
    public var member: String
    public var offset: UInt64
    public var reason: String

    public init(
        stage: UInt32, step: UInt64, unit: UInt32, sample: UInt64, slot: UInt64, shard: String, member: String,
        offset: UInt64, reason: String
    ) {
        self.stage = stage
        self.step = step
        self.unit = unit
        self.sample = sample
        self.slot = slot
        self.shard = shard
        self.member = member
        self.offset = offset
        self.reason = reason
    }
}
