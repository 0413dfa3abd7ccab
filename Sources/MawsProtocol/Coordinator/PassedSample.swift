import MawsBase

/// A sample that the run passes over in one unit of one step, as if its content were unreadable, because no trainer got
/// it: part of what the weights are a function of, with the plan and the data.
public struct PassedSample: Hashable, Sendable {
    public var position: RunPosition
    public var unit: UnitIndex
    public var slot: UInt64
    /// Index in the split that the unit reads.
    public var index: UInt64
    public var shard: String
    public var member: String
    /// Where it begins in the shard, in bytes.
    public var offset: UInt64
    public var reason: String

    public init(
        position: RunPosition, unit: UnitIndex, slot: UInt64, index: UInt64, shard: String, member: String,
        offset: UInt64, reason: String
    ) {
        self.position = position
        self.unit = unit
        self.slot = slot
        self.index = index
        self.shard = shard
        self.member = member
        self.offset = offset
        self.reason = reason
    }
}
