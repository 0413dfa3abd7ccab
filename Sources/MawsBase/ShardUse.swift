/// How many samples of a data shard a unit reads.
package struct ShardUse: Hashable, Sendable {
    /// Number among the data shards of all splits of the plan, in order.
    package var shard: Int
    package var samples: Int

    package init(shard: Int, samples: Int) {
        self.shard = shard
        self.samples = samples
    }
}
