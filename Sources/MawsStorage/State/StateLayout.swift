import MawsBase

/// Where the slices of one shard lie in the areas of its state file, and which chunks they have.
package struct StateLayout {
    package let table: BlockTable
    package let slices: [Range<Int>]
    package let moments: [MomentLayout]
    /// Floats before each block's slice, in the frozen area or in a bank; each begins at 64 bytes.
    package let weightOffsets: [Int]
    /// Bytes before each block's slice in either moment's area.
    package let momentOffsets: [Int]
    /// Chunks of trained slices before each block's.
    private let chunkStarts: [Int]
    package let shape: StateShape

    /// - Parameter laneCount: threads that may update the shard at once.
    package init(_ table: BlockTable, shard: ShardIdentity, laneCount: Int) {
        self.table = table
        slices = ShardLayout(table: table, shard: shard).slices
        moments = table.blocks.map { MomentLayout($0, table.moments) }
        var (frozen, trained, moment, chunks) = (0, 0, 0, 0)
        var (weightOffsets, momentOffsets, chunkStarts) = ([Int](), [Int](), [Int]())
        for (index, block) in table.blocks.enumerated() {
            weightOffsets.append(block.isTrainable ? trained : frozen)
            momentOffsets.append(moment)
            chunkStarts.append(chunks)
            let count = Self.rounded(slices[index].count, to: 16)
            guard block.isTrainable else {
                frozen += count
                continue
            }
            trained += count
            moment += Self.rounded(moments[index].byteCount(slices[index]), to: 64)
            chunks += ShardLayout.chunkCount(slices[index].count)
        }
        (self.weightOffsets, self.momentOffsets, self.chunkStarts) = (weightOffsets, momentOffsets, chunkStarts)
        shape = StateShape(
            frozenBytes: 4 * frozen, weightBytes: 4 * trained, momentBytes: moment, chunkCount: chunks,
            laneCount: laneCount, laneBytes: Self.laneBytes(table))
    }

    package var trainedBlocks: [Int] { slices.indices.filter { table.blocks[$0].isTrainable } }

    /// The number of the trained chunk that begins at this element of a block.
    package func chunk(_ block: Int, at element: Int) -> Int {
        chunkStarts[block] + (element - slices[block].lowerBound) / ShardLayout.chunkLength
    }

    /// The block and elements of a trained chunk.
    package func elements(ofChunk chunk: Int) -> (block: Int, range: Range<Int>) {
        let block = trainedBlocks.last { chunkStarts[$0] <= chunk && !slices[$0].isEmpty }
        guard let block else { preconditionFailure("there is no chunk \(chunk)") }
        let start = slices[block].lowerBound + (chunk - chunkStarts[block]) * ShardLayout.chunkLength
        return (block, start..<min(start + ShardLayout.chunkLength, slices[block].upperBound))
    }

    /// A journal's copy of a chunk: gradient, and codes and scales of both moments. A chunk has a group for each 256
    /// elements and one more for each parameter that begins in it.
    private static func laneBytes(_ table: BlockTable) -> Int {
        let chunk = ShardLayout.chunkLength
        let entries = table.blocks.map(\.entries.count).max() ?? 0
        let groups = table.moments == .int8 ? min(chunk, chunk / MomentLayout.groupLength + entries) : 0
        return UpdateJournal.laneBytes(changing: 4 * chunk + 2 * (table.moments.codeWidth * chunk + 4 * groups))
    }

    private static func rounded(_ count: Int, to grain: Int) -> Int { (count + grain - 1) / grain * grain }
}
