import GRDB

/// One sample that the run excludes in one unit, as the run's database keeps it.
package struct ExcludedSampleRecord: Codable, Hashable, Sendable, FetchableRecord, PersistableRecord {
    /// As earlier versions named it, whose runs go on.
    package static let databaseTableName = "passedSample"

    package var stage: UInt32
    package var step: UInt64
    package var unit: UInt32
    /// Index in the split that the unit reads.
    package var sample: UInt64
    package var slot: UInt64
    package var shard: String
    package var member: String
    package var offset: UInt64
    package var reason: String

    package init(
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
