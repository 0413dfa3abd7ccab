import MawsBase

/// The global gradient norm out of sums of squares over fixed chunks, added in the order of the table, so that it does
/// not depend on the number of shards.
public enum GradientNorm {
    /// The sum of squares of each chunk of a slice that begins at a chunk boundary; the last chunk may be short.
    public static func chunkSquares(_ gradient: UnsafePointer<Float>, count: Int) -> [Double] {
        stride(from: 0, to: count, by: ShardLayout.chunkLength).map { start in
            squares(gradient + start, count: min(ShardLayout.chunkLength, count - start))
        }
    }

    /// The norm over all trainable blocks.
    ///
    /// - Parameter shards: for shard 0, 1, … its chunks' sums of squares, trainable blocks in table order, chunks
    ///   ascending.
    /// - Returns: nil when a shard's list has not the length its slices ask for.
    public static func norm(table: BlockTable, shards: [[Double]]) -> Double? {
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
    public static func nonFiniteBlocks(table: BlockTable, shards: [[Double]]) -> [Int] {
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
    public static func clipScale(norm: Double, clipNorm: Double?) -> Double {
        guard let clipNorm else { return 1 }
        return min(1, clipNorm / (norm + 1e-6))
    }

    /// Eight running sums, added in order at the end: the order is fixed and the loop vectorises.
    private static func squares(_ values: UnsafePointer<Float>, count: Int) -> Double {
        var lanes = SIMD8<Double>()
        var index = 0
        while index + 8 <= count {
            let part = SIMD8<Double>(UnsafeRawPointer(values + index).loadUnaligned(as: SIMD8<Float>.self))
            lanes += part * part
            index += 8
        }
        var sum = 0.0
        for lane in 0..<8 { sum += lanes[lane] }
        while index < count {
            sum += Double(values[index]) * Double(values[index])
            index += 1
        }
        return sum
    }
}
