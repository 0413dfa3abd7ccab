import MawsBase
import MawsCheckpoint
import MawsKernels
import MawsModel
import MawsTensor

/// The weights of a finished stage, read from its checkpoint block by block.
final class CheckpointWeights: WeightSource {
    private let checkpoint: Checkpoint
    private let table: BlockTable

    init(_ checkpoint: Checkpoint) {
        self.checkpoint = checkpoint
        table = checkpoint.header.table
    }

    func gather(_ block: Int) throws -> BlockWeights {
        let buffer = FloatBuffer(count: table.blocks[block].count)
        try checkpoint.read(.weight, block: block, range: 0..<buffer.count, into: buffer.bytes)
        return BlockWeights(buffer)
    }

    /// Nothing is kept: the buffer goes with its last reader.
    func release(_ block: Int) {}
}
