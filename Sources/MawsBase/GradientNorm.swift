/// The global gradient norm out of sums of squares over fixed chunks, added in the order of the table, so that it does
/// not depend on the number of shards.
package enum GradientNorm {
    /// The norm over all trainable blocks.
    ///
    /// - Parameter shards: for shard 0, 1, … its chunks' sums of squares, trainable blocks in table order, chunks
    ///   ascending.
    /// - Returns: nil when a shard's list has not the length its slices ask for.
    package static func norm(table: BlockTable, shards: [[Double]]) -> Double? {
        let layouts = shards.indices.map {
            ShardLayout(table: table, shard: ShardIdentity(index: $0, count: shards.count))
        }
        var positions = [Int](repeating: 0, count: shards.count)
        var sum = 0.0
        for block in table.blocks.indices where table.blocks[block].isTrainable {
            let order = shards.indices.sorted {
                layouts[$0].slices[block].lowerBound < layouts[$1].slices[block].lowerBound
            }
            for shard in order {
                let end = positions[shard] + ShardLayout.chunkCount(layouts[shard].slices[block].count)
                guard end <= shards[shard].count else { return nil }
                for square in shards[shard][positions[shard]..<end] { sum += square }
                positions[shard] = end
            }
        }
        guard positions == shards.map(\.count) else { return nil }
        return sum.squareRoot()
    }

    /// The trainable blocks whose gradient has a value that is not finite, or squares that overflow; in table order.
    ///
    /// - Parameter shards: as for `norm`, which they passed.
    package static func nonFiniteBlocks(table: BlockTable, shards: [[Double]]) -> [Int] {
        var found: Set<Int> = []
        for (index, squares) in shards.enumerated() {
            let slices = ShardLayout(table: table, shard: ShardIdentity(index: index, count: shards.count)).slices
            var position = 0
            for block in table.blocks.indices where table.blocks[block].isTrainable {
                let end = position + ShardLayout.chunkCount(slices[block].count)
                if !squares[position..<end].allSatisfy(\.isFinite) { found.insert(block) }
                position = end
            }
        }
        return found.sorted()
    }

    /// The factor on the gradient, min(1, clip / (norm + 1e-6)), as torch.nn.utils.clip_grad_norm_ has it.
    package static func clipScale(norm: Double, clipNorm: Double?) -> Double {
        guard let clipNorm else { return 1 }
        return min(1, clipNorm / (norm + 1e-6))
    }
}
