/// Where each server's slice of every block lies.
///
/// Blocks are cut at chunk boundaries so that sums taken over fixed chunks do not depend on the number of shards.
package struct ShardLayout: Hashable, Sendable {
    /// Elements in a chunk (16 KiB of fp32): the grain of the gradient norm and of the cut between shards.
    package static let chunkLength = 4096

    package let shard: ShardIdentity
    /// The slice of each block, in elements of the block; empty where a block has fewer chunks than there are shards.
    package let slices: [Range<Int>]

    package init(blockCounts: [Int], shard: ShardIdentity) {
        self.shard = shard
        slices = blockCounts.enumerated().map { Self.slice(block: $0, count: $1, shard: shard) }
    }

    package init(table: BlockTable, shard: ShardIdentity) {
        self.init(blockCounts: table.blocks.map(\.count), shard: shard)
    }

    /// Elements of this shard over all blocks.
    package var count: Int { slices.reduce(0) { $0 + $1.count } }

    package static func chunkCount(_ elements: Int) -> Int { (elements + chunkLength - 1) / chunkLength }

    /// Shard *i* starts at chunk (i + block) rotated, so that small blocks do not all land on the first server.
    private static func slice(block: Int, count: Int, shard: ShardIdentity) -> Range<Int> {
        let chunks = chunkCount(count)
        let position = (shard.index + block) % shard.count
        let first = chunks * position / shard.count
        let last = chunks * (position + 1) / shard.count
        return min(first * chunkLength, count)..<min(last * chunkLength, count)
    }
}
