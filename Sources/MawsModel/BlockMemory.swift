import MawsBase
import MawsKernels
import MawsTensor

/// Every block of a table in this process's memory: weights to compute with, or the gradients of one unit.
package final class BlockMemory: WeightSource, GradientSink {
    package let table: BlockTable
    package let buffers: [FloatBuffer]
    /// In use from `gather` to `release`.
    private let weights: [BlockWeights]
    /// Blocks pushed, in the order in which they came.
    package private(set) var pushed: [Int] = []

    /// All zeros.
    /// - Parameter keepsPackedWeights: whether what is packed of a block for its products stays when the block is
    ///   released.
    package init(_ table: BlockTable, keepsPackedWeights: Bool = true) {
        self.table = table
        let pool = keepsPackedWeights ? nil : PackedWeightPool()
        buffers = table.blocks.map { FloatBuffer(count: $0.count) }
        weights = buffers.map { BlockWeights($0, pool: pool) }
    }

    /// Zeros for the trainable blocks, nothing for the others.
    package init(trainableOf table: BlockTable) {
        self.table = table
        buffers = table.blocks.map { FloatBuffer(count: $0.isTrainable ? $0.count : 0) }
        weights = buffers.map { BlockWeights($0) }
    }

    /// The weights before the first step.
    package convenience init(
        initial table: BlockTable, seed: UInt64, stage: UInt32 = 0, keepsPackedWeights: Bool = true
    ) {
        self.init(table, keepsPackedWeights: keepsPackedWeights)
        for (block, buffer) in zip(table.blocks, buffers) {
            for entry in block.entries { InitialWeights.fill(entry, seed: seed, stage: stage, into: buffer) }
        }
    }

    package func gather(_ block: Int) -> BlockWeights { weights[block] }

    package func release(_ block: Int) { weights[block].releasePackedWeights() }

    /// The values were changed: whatever was packed of them is stale.
    package func refresh() {
        for block in weights { block.refresh() }
    }

    package func push(_ block: Int, _ gradient: FloatBuffer) {
        pushed.append(block)
        buffers[block].all.copy(from: gradient.all)
    }

    /// The elements of a parameter, nil when the table has none of that name.
    package func parameter(_ name: String) -> FloatSlice? {
        for (block, buffer) in zip(table.blocks, buffers) {
            if let entry = block.entries.first(where: { $0.name == name }) { return buffer.slice(entry) }
        }
        return nil
    }
}
