/// How many samples of a data shard a unit reads.
public struct ShardUse: Hashable, Sendable {
    /// Number among the data shards of all splits of the plan, in order.
    public var shard: Int
    public var samples: Int

    public init(shard: Int, samples: Int) {
        self.shard = shard
        self.samples = samples
    }
}
