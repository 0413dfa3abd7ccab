import MawsBase
import MawsKernels
import MawsTensor

/// Every block of a table in this process's memory: weights to compute with, or the gradients of one unit.
public final class BlockMemory: WeightSource, GradientSink {
    public let table: BlockTable
    public let buffers: [FloatBuffer]
    /// In use from `gather` to `release`.
    private let weights: [BlockWeights]
    /// Blocks pushed, in the order in which they came.
    public private(set) var pushed: [Int] = []

    /// All zeros.
    /// - Parameter keepsForms: whether what is prepared of a block for its products stays when the block is released.
    public init(_ table: BlockTable, keepsForms: Bool = true) {
        self.table = table
        let shelf = keepsForms ? nil : FormShelf()
        buffers = table.blocks.map { FloatBuffer(count: $0.count) }
        weights = buffers.map { BlockWeights($0, formsOn: shelf) }
    }

    /// Zeros for the trainable blocks, nothing for the others.
    public init(trainableOf table: BlockTable) {
        self.table = table
        buffers = table.blocks.map { FloatBuffer(count: $0.isTrainable ? $0.count : 0) }
        weights = buffers.map { BlockWeights($0) }
    }

    /// The weights before the first step.
    public convenience init(initial table: BlockTable, seed: UInt64, stage: UInt32 = 0, keepsForms: Bool = true) {
        self.init(table, keepsForms: keepsForms)
        for (block, buffer) in zip(table.blocks, buffers) {
            for entry in block.entries { InitialWeights.fill(entry, seed: seed, stage: stage, into: buffer) }
        }
    }

    public func gather(_ block: Int) -> BlockWeights { weights[block] }

    public func release(_ block: Int) { weights[block].shelveForms() }

    /// The values were changed: whatever was prepared from them is stale.
    public func refresh() {
        for block in weights { block.refresh() }
    }

    public func push(_ block: Int, _ gradient: FloatBuffer) {
        pushed.append(block)
        buffers[block].all.copy(from: gradient.all)
    }

    /// The elements of a parameter, nil when the table has none of that name.
    public func parameter(_ name: String) -> FloatSlice? {
        for (block, buffer) in zip(table.blocks, buffers) {
            if let entry = block.entries.first(where: { $0.name == name }) { return buffer.slice(entry) }
        }
        return nil
    }
}
