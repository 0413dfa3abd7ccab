import MawsBase
import MawsFiles
import MawsState
import Testing

/// Where the numbers of a shard lie: nothing in two places, nothing outside of its area, all of it somewhere.
struct StateLayoutTests {
    private func table(_ slots: StoredSlots) -> BlockTable {
        let blocks = [("position", false, 5000), ("block", true, 20_000), ("head", true, 4100), ("tiny", true, 3)].map {
            name, isTrainable, count in
            var builder = BlockBuilder(name, isTrainable: isTrainable)
            builder.add("\(name).weight", [count], decays: true, .zeros)
            return builder.build()
        }
        return BlockTable(
            blocks: blocks.enumerated().map { index, block in
                var block = block
                if block.isTrainable { block.slots = slots.slots(ofBlock: index) }
                return block
            })
    }

    private func chunks(_ layout: StateLayout) -> [StateChunk] {
        layout.slices.indices.flatMap { block in layout.chunkElements(block).map { layout.chunk(block, at: $0) } }
    }

    @Test(arguments: StoredSlots.allCases, [1, 2, 3, 7])
    func everyElementOfEveryShardHasItsOwnBytesInEachArea(slots: StoredSlots, shards: Int) {
        let table = table(slots)
        for index in 0..<shards {
            let layout = StateLayout(table, shard: ShardIdentity(index: index, count: shards), laneCount: 2)
            let chunks = chunks(layout)
            for isTrained in [false, true] {
                let own = chunks.filter { $0.isTrained == isTrained }
                let area = isTrained ? layout.shape.weightBytes : layout.shape.frozenBytes
                #expect(areApart(own.map(\.weights), within: area))
                #expect(own.map(\.number) == Array(own.indices))
                for chunk in own { #expect(layout.chunk(chunk.number, isTrained: isTrained) == chunk) }
            }
            let parts = chunks.flatMap { $0.slots.flatMap { [$0.scales, $0.codes] } }.filter { !$0.isEmpty }
            #expect(areApart(parts, within: layout.shape.slotBytes))
            for (block, slice) in layout.slices.enumerated() {
                let elements = chunks.filter { $0.block == block }.map(\.range)
                #expect(elements.reduce(0) { $0 + $1.count } == slice.count)
                #expect(elements.first?.lowerBound ?? slice.lowerBound == slice.lowerBound)
            }
        }
    }

    /// The journal's lanes hold any chunk, with all slots, scales and checksums.
    @Test(arguments: StoredSlots.allCases)
    func aLaneHoldsEveryChunk(slots: StoredSlots) throws {
        let state = try StoredState(slots, isReduced: true)
        for chunk in state.chunks where chunk.isTrained {
            let bytes = state.areas(chunk).reduce(0) { $0 + $1.count }
            #expect(UpdateJournal.laneBytes(changing: bytes) <= state.layout.shape.laneBytes)
        }
    }

    @Test(arguments: StoredSlots.allCases)
    func areasFollowEachOtherAtPages(slots: StoredSlots) {
        let shape = StateLayout(table(slots), shard: ShardIdentity(index: 0, count: 1), laneCount: 3).shape
        let ends = [
            (shape.frozenOffset, shape.frozenBytes), (shape.weightOffset(bank: 0), shape.weightBytes),
            (shape.weightOffset(bank: 1), shape.weightBytes), (shape.slotsOffset, shape.slotBytes),
            (shape.marksOffset, 4 * shape.chunkCount), (shape.lanesOffset, shape.laneCount * shape.laneBytes),
            (shape.checksOffset, 4 * shape.checksPerChunk * shape.chunkCount),
            (shape.frozenChecksOffset, 4 * shape.frozenChunkCount), (shape.size, 0),
        ]
        #expect(ends.allSatisfy { $0.0 % 4096 == 0 })
        for (area, next) in zip(ends, ends.dropFirst()) { #expect(area.0 + area.1 <= next.0) }
        #expect(ends[0].0 == 8192)
    }

    @Test func whoReadsBesideWritersKnowsWhetherSomethingChanged() {
        let watch = ChangeWatch()
        let before = watch.stamp()
        #expect(before != nil && watch.isUnchanged(since: before ?? 9))
        let inside = watch.during { (watch.stamp(), watch.during { watch.stamp() }) }
        #expect(inside.0 == nil && inside.1 == nil)
        #expect(!watch.isUnchanged(since: before ?? 9))
        let after = watch.stamp()
        #expect(after != nil && after != before && watch.isUnchanged(since: after ?? 9))
        #expect(throws: StorageError.self) { try watch.during { throw StorageError.full(path: "x", bytes: 1) } }
        #expect(watch.stamp() != nil)
    }

    /// Sorted by their beginnings, none begins before the one before ends.
    private func areApart(_ ranges: [Range<Int>], within size: Int) -> Bool {
        let sorted = ranges.sorted { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }
        return zip(sorted, sorted.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound }
            && sorted.allSatisfy { 0 <= $0.lowerBound && $0.upperBound <= size }
    }
}
