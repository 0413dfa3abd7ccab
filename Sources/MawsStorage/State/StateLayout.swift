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
    /// Chunks before each block's, among those of trained slices or among those of frozen ones.
    private let chunkStarts: [Int]
    package let shape: StateShape

    /// - Parameter laneCount: threads that may update the shard at once.
    package init(_ table: BlockTable, shard: ShardIdentity, laneCount: Int) {
        self.table = table
        slices = ShardLayout(table: table, shard: shard).slices
        moments = table.blocks.map { MomentLayout($0, table.moments) }
        var (frozen, trained, moment, frozenChunks, chunks) = (0, 0, 0, 0, 0)
        var (weightOffsets, momentOffsets, chunkStarts) = ([Int](), [Int](), [Int]())
        for (index, block) in table.blocks.enumerated() {
            weightOffsets.append(block.isTrainable ? trained : frozen)
            momentOffsets.append(moment)
            chunkStarts.append(block.isTrainable ? chunks : frozenChunks)
            let count = Self.rounded(slices[index].count, to: 16)
            guard block.isTrainable else {
                frozen += count
                frozenChunks += ShardLayout.chunkCount(slices[index].count)
                continue
            }
            trained += count
            moment += Self.rounded(moments[index].byteCount(slices[index]), to: 64)
            chunks += ShardLayout.chunkCount(slices[index].count)
        }
        (self.weightOffsets, self.momentOffsets, self.chunkStarts) = (weightOffsets, momentOffsets, chunkStarts)
        shape = StateShape(
            frozenBytes: 4 * frozen, weightBytes: 4 * trained, momentBytes: moment, frozenChunkCount: frozenChunks,
            chunkCount: chunks, laneCount: laneCount, laneBytes: Self.laneBytes(table))
    }

    package var trainedBlocks: [Int] { slices.indices.filter { table.blocks[$0].isTrainable } }

    /// The first elements of a block's chunks.
    package func chunkElements(_ block: Int) -> StrideTo<Int> {
        stride(from: slices[block].lowerBound, to: slices[block].upperBound, by: ShardLayout.chunkLength)
    }

    /// The chunk that begins at this element of a block.
    package func chunk(_ block: Int, at element: Int) -> StateChunk {
        let (slice, isTrained) = (slices[block], table.blocks[block].isTrainable)
        let range = element..<min(element + ShardLayout.chunkLength, slice.upperBound)
        let weights = 4 * (weightOffsets[block] + element - slice.lowerBound)
        func shifted(_ bytes: Range<Int>) -> Range<Int> {
            isTrained ? momentOffsets[block] + bytes.lowerBound..<momentOffsets[block] + bytes.upperBound : 0..<0
        }
        return StateChunk(
            block: block, range: range,
            number: chunkStarts[block] + (element - slice.lowerBound) / ShardLayout.chunkLength, isTrained: isTrained,
            weights: weights..<weights + 4 * range.count,
            scales: shifted(moments[block].scaleBytes(of: range, in: slice)),
            codes: shifted(moments[block].codeBytes(of: range, in: slice)))
    }

    /// The trained, or frozen, chunk of this number.
    package func chunk(_ number: Int, isTrained: Bool) -> StateChunk {
        let block = slices.indices.last {
            table.blocks[$0].isTrainable == isTrained && chunkStarts[$0] <= number && !slices[$0].isEmpty
        }
        guard let block else { preconditionFailure("there is no chunk \(number)") }
        return chunk(block, at: slices[block].lowerBound + (number - chunkStarts[block]) * ShardLayout.chunkLength)
    }

    /// A journal's copy of a chunk: gradient, codes and scales of both moments, and the checksums. A chunk has a group
    /// for each 256 elements and one more for each parameter that begins in it.
    private static func laneBytes(_ table: BlockTable) -> Int {
        let chunk = ShardLayout.chunkLength
        let entries = table.blocks.map(\.entries.count).max() ?? 0
        let groups = table.moments == .int8 ? min(chunk, chunk / MomentLayout.groupLength + entries) : 0
        let moment = table.moments.codeWidth * chunk + 4 * groups
        return UpdateJournal.laneBytes(changing: 4 * chunk + 2 * moment + StateShape.checkBytes)
    }

    private static func rounded(_ count: Int, to grain: Int) -> Int { (count + grain - 1) / grain * grain }
}
