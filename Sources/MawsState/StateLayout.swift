import MawsBase

/// Where the slices of one shard lie in the areas of its state file, and which chunks they have.
package struct StateLayout {
    /// A slot of one block's slice in the area of slots.
    package struct SlotPlace {
        package let layout: SlotLayout
        /// Bytes before it, a multiple of 64.
        package let offset: Int
    }

    package let table: BlockTable
    package let slices: [Range<Int>]
    /// By block, in the order of its slots.
    package let slots: [[SlotPlace]]
    /// Floats before each block's slice, in the frozen area or in a bank; each begins at 64 bytes.
    package let weightOffsets: [Int]
    /// Chunks before each block's, among those of trained slices or among those of frozen ones.
    private let chunkStarts: [Int]
    package let shape: StateShape

    /// - Parameter laneCount: threads that may update the shard at once.
    package init(_ table: BlockTable, shard: ShardIdentity, laneCount: Int) {
        self.table = table
        slices = ShardLayout(table: table, shard: shard).slices
        var (frozen, trained, frozenChunks, chunks) = (0, 0, 0, 0)
        var (weightOffsets, chunkStarts) = ([Int](), [Int]())
        for (index, block) in table.blocks.enumerated() {
            weightOffsets.append(block.isTrainable ? trained : frozen)
            chunkStarts.append(block.isTrainable ? chunks : frozenChunks)
            let count = Self.rounded(slices[index].count, to: 16)
            guard block.isTrainable else {
                frozen += count
                frozenChunks += ShardLayout.chunkCount(slices[index].count)
                continue
            }
            trained += count
            chunks += ShardLayout.chunkCount(slices[index].count)
        }
        (self.weightOffsets, self.chunkStarts) = (weightOffsets, chunkStarts)
        let placed = Self.places(table, slices)
        slots = placed.slots
        shape = StateShape(
            frozenBytes: 4 * frozen, weightBytes: 4 * trained, slotBytes: placed.bytes,
            frozenChunkCount: frozenChunks, chunkCount: chunks, checksPerChunk: Self.checksPerChunk(table),
            laneCount: laneCount, laneBytes: Self.laneBytes(table))
    }

    /// The first slots of all blocks, then the second ones, and so on.
    private static func places(_ table: BlockTable, _ slices: [Range<Int>]) -> (slots: [[SlotPlace]], bytes: Int) {
        var slots = [[SlotPlace]](repeating: [], count: table.blocks.count)
        var end = 0
        for number in 0..<slotCountMax(table) {
            for (index, block) in table.blocks.enumerated() where number < block.slots.count {
                let layout = SlotLayout(block, block.slots[number].encoding)
                slots[index].append(SlotPlace(layout: layout, offset: end))
                end += rounded(layout.byteCount(slices[index]), to: 64)
            }
        }
        return (slots, end)
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
        let slots = slots[block].map { place in
            let (scales, codes) = (
                place.layout.scaleBytes(of: range, in: slice), place.layout.codeBytes(of: range, in: slice)
            )
            return StateChunk.SlotBytes(
                scales: place.offset + scales.lowerBound..<place.offset + scales.upperBound,
                codes: place.offset + codes.lowerBound..<place.offset + codes.upperBound)
        }
        return StateChunk(
            block: block, range: range,
            number: chunkStarts[block] + (element - slice.lowerBound) / ShardLayout.chunkLength, isTrained: isTrained,
            weights: weights..<weights + 4 * range.count, slots: slots)
    }

    /// The trained, or frozen, chunk of this number.
    package func chunk(_ number: Int, isTrained: Bool) -> StateChunk {
        let block = slices.indices.last {
            table.blocks[$0].isTrainable == isTrained && chunkStarts[$0] <= number && !slices[$0].isEmpty
        }
        guard let block else { preconditionFailure("there is no chunk \(number)") }
        return chunk(block, at: slices[block].lowerBound + (number - chunkStarts[block]) * ShardLayout.chunkLength)
    }

    private static func slotCountMax(_ table: BlockTable) -> Int { table.blocks.map(\.slots.count).max() ?? 0 }

    private static func checksPerChunk(_ table: BlockTable) -> Int { StateArea.bankCount + slotCountMax(table) }

    /// A journal's copy of a chunk: gradient, codes and scales of all slots, and the checksums. A chunk has a group for
    /// each 256 elements and one more for each parameter that begins in it.
    private static func laneBytes(_ table: BlockTable) -> Int {
        let chunk = ShardLayout.chunkLength
        let slots = table.blocks.map { block in
            block.slots.reduce(0) { bytes, slot in
                let groups = min(chunk, chunk / SlotLayout.groupLength + block.entries.count)
                return bytes + slot.encoding.codeWidth * chunk + (slot.encoding.hasScales ? 4 * groups : 0)
            }
        }
        return UpdateJournal.laneBytes(changing: 4 * chunk + (slots.max() ?? 0) + 4 * checksPerChunk(table))
    }

    private static func rounded(_ count: Int, to grain: Int) -> Int { (count + grain - 1) / grain * grain }
}
