import Foundation
import MawsBase
import MawsCheckpoint
import MawsFiles
import Testing

struct CheckpointTests {
    @Test func weightsAndSlotsComeBackFromAnyCut() throws {
        let folder = try TemporaryFolder()
        let store = try CheckpointStore(folder: folder.path)
        let checkpoint = try write(to: store, step: 3, pieces: 1)
        var part = [Float](repeating: 0, count: 5)
        try part.withUnsafeMutableBytes { try checkpoint.read(.slot("exp_avg_sq"), block: 1, range: 2..<7, into: $0) }
        #expect(part == (2..<7).map { value(.slot("exp_avg_sq"), block: 1, element: $0) })
        let tensor = try #require(try checkpoint.tensor(named: "blocks.0.mlp.fc1.bias"))
        #expect(tensor.entry.shape == [4])
        #expect(tensor.values == (12..<16).map { value(.weight, block: 1, element: $0) })
        #expect(try checkpoint.tensor(named: "absent") == nil)
        try checkpoint.verify()
    }

    /// Slices of servers, whose slots are cut where groups of 256 end; an average of 4 bytes beside slots of fewer.
    @Test(arguments: [MomentEncoding.bf16, .int8])
    func encodedSlotsComeBackFromAnyOtherCut(moments: MomentEncoding) throws {
        let header = try headerOfEncodedSlots(moments)
        let folder = try TemporaryFolder()
        let writer = try CheckpointStore(folder: folder.path).begin(header)
        try forEachSlice(of: header.table, shards: 2) { block, slice in
            let weights = [UInt8](repeating: 1, count: 4 * slice.count)
            try weights.withUnsafeBytes { try writer.write(.weight, block: block, range: slice, bytes: $0) }
            for slot in header.table.blocks[block].slots {
                try encoded(slot, slice, block, header.table).withUnsafeBytes {
                    try writer.write(.slot(slot.name), block: block, range: slice, bytes: $0)
                }
            }
        }
        let checkpoint = try writer.finish()
        try checkpoint.verify()
        try forEachSlice(of: header.table, shards: 3) { block, slice in
            for slot in header.table.blocks[block].slots {
                let layout = SlotLayout(header.table.blocks[block], slot.encoding)
                var bytes = [UInt8](repeating: 0, count: layout.byteCount(slice))
                try bytes.withUnsafeMutableBytes {
                    try checkpoint.read(.slot(slot.name), block: block, range: slice, into: $0)
                }
                #expect(bytes == encoded(slot, slice, block, header.table))
            }
        }
        let size = try folder.size("mae-1/optimizer.safetensors")
        #expect(size < 2 * 14_033 * (moments == .bf16 ? 8 : 6) + 5000)
    }

    private func headerOfEncodedSlots(_ moments: MomentEncoding) throws -> CheckpointHeader {
        var builder = BlockBuilder("block")
        builder.add("weight", [90, 100], decays: true, .zeros)
        builder.add("bias", [33], decays: false, .zeros)
        builder.add("other", [5000], decays: true, .zeros)
        let block = builder.build()
        var header = header(step: 1)
        header.table = BlockTable(blocks: [block, block], slots: WeightSlot.adamw(moments) + [Self.average])
        header.table.blocks[1].entries = block.entries.map { entry in
            var entry = entry
            entry.name += "2"
            return entry
        }
        return header
    }

    private func forEachSlice(
        of table: BlockTable, shards: Int, _ body: (_ block: Int, _ slice: Range<Int>) throws -> Void
    ) throws {
        for block in 0..<2 {
            for shard in 0..<shards {
                let layout = ShardLayout(table: table, shard: ShardIdentity(index: shard, count: shards))
                try body(block, layout.slices[block])
            }
        }
    }

    /// An element's bytes say where it is; a slice is its scales and then its codes.
    private func encoded(_ slot: WeightSlot, _ slice: Range<Int>, _ block: Int, _ table: BlockTable) -> [UInt8] {
        let layout = SlotLayout(table.blocks[block], slot.encoding)
        let seed = 2 * block + (slot.name == "exp_avg" ? 1 : 0)
        guard layout.encoding.hasScales else {
            return slice.flatMap { [UInt8](repeating: UInt8(($0 + 3 * seed) % 241), count: slot.encoding.codeWidth) }
        }
        let groups = layout.groupCount(before: slice.lowerBound)..<layout.groupCount(before: slice.upperBound)
        return groups.flatMap { [UInt8](repeating: UInt8(($0 + seed) % 251), count: 4) }
            + slice.flatMap { [UInt8](repeating: UInt8(($0 + 3 * seed) % 241), count: 1) }
    }

    private static let average = WeightSlot(WeightSlot.averageName, .fp32, .weightAverage)

    @Test func slotsOfZeroNeedNotBeWritten() throws {
        let folder = try TemporaryFolder()
        let writer = try CheckpointStore(folder: folder.path).begin(header(step: 1), isBeginning: true)
        for (index, block) in header(step: 1).table.blocks.enumerated() {
            let weights = [UInt8](repeating: 7, count: 4 * block.count)
            try weights.withUnsafeBytes {
                try writer.write(.weight, block: index, range: 0..<block.count, bytes: $0)
            }
        }
        let checkpoint = try writer.finish()
        try checkpoint.verify()
        var moments = [UInt8](repeating: 1, count: 4 * 16)
        try moments.withUnsafeMutableBytes {
            try checkpoint.read(.slot("exp_avg"), block: 1, range: 0..<16, into: $0)
        }
        #expect(moments.allSatisfy { $0 == 0 })
    }

    /// An average begins as the weights, and is part of the first checkpoint.
    @Test func anAverageIsWrittenAtTheBeginningToo() throws {
        var header = header(step: 0)
        header.table = BlockTable(blocks: header.table.blocks, slots: WeightSlot.adamw() + [Self.average])
        #expect(header.table.blocks[1].restoredParts(at: StepIndex(0)) == [.weight, .slot("ema")])
        let folder = try TemporaryFolder()
        let store = try CheckpointStore(folder: folder.path)
        for isWhole in [false, true] {
            let writer = try store.begin(header, isBeginning: true)
            for (index, block) in header.table.blocks.enumerated() {
                let weights = [UInt8](repeating: 7, count: 4 * block.count)
                for part in isWhole ? block.restoredParts(at: StepIndex(0)) : [.weight] {
                    try weights.withUnsafeBytes {
                        try writer.write(part, block: index, range: 0..<block.count, bytes: $0)
                    }
                }
            }
            guard isWhole else {
                let missing = try #require(throws: StorageError.self) { try writer.finish() }
                #expect("\(missing)".contains("ema of block block.0 has 0 of 16 elements"))
                continue
            }
            let checkpoint = try writer.finish()
            try checkpoint.verify()
            var average = [UInt8](repeating: 0, count: 4 * 16)
            try average.withUnsafeMutableBytes {
                try checkpoint.read(.slot("ema"), block: 1, range: 0..<16, into: $0)
            }
            #expect(average.allSatisfy { $0 == 7 })
        }
    }

    @Test func momentsThatWereNeverWrittenHashAsWrittenZerosAndAreStillWatched() throws {
        let blocks = (0..<3).map { index in
            var builder = BlockBuilder("block\(index)")
            builder.add("weight\(index)", [64, 128], decays: true, .zeros)
            return builder.build()
        }
        var header = header(step: 0)
        header.table = BlockTable(blocks: blocks, slots: WeightSlot.adamw())
        let folder = try TemporaryFolder()
        let zeros = [UInt8](repeating: 0, count: 4 * 64 * 128)
        let checkpoints = try [true, false].map { isBeginning in
            let store = try CheckpointStore(folder: folder.file("\(isBeginning)"))
            let writer = try store.begin(header, isBeginning: isBeginning)
            for (block, part) in header.table.blocks.indices.flatMap({ block in
                header.table.blocks[block].parts.map { (block, $0) }
            }) where part == .weight || !isBeginning {
                try zeros.withUnsafeBytes { try writer.write(part, block: block, range: 0..<8192, bytes: $0) }
            }
            return try writer.finish()
        }
        #expect(checkpoints[0].manifest.tensors == checkpoints[1].manifest.tensors)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(checkpoints[0].folder)/optimizer.safetensors"))
        try file.seek(toOffset: try file.seekToEnd() - 100)
        try file.write(contentsOf: Data([1]))
        try file.close()
        #expect(throws: StorageError.self) { try checkpoints[0].verify() }
    }

    @Test func weightsHashDoesNotDependOnTheCut() throws {
        let hashes = try [1, 2, 3, 7].map { pieces in
            let folder = try TemporaryFolder()
            return try write(to: CheckpointStore(folder: folder.path), step: 0, pieces: pieces).weightsHash
        }
        #expect(Set(hashes).count == 1)
    }

    @Test func latestMovesOnlyWhenFinished() throws {
        let folder = try TemporaryFolder()
        let store = try CheckpointStore(folder: folder.file("checkpoints"))
        #expect(try store.latest() == nil)
        _ = try write(to: store, step: 1, pieces: 2)
        let unfinished = try store.begin(header(step: 2))
        #expect(try store.latest()?.name == "mae-1")
        unfinished.abandon()
        #expect(try folder.names("checkpoints") == ["latest", "mae-1"])
    }

    @Test func elementNotWrittenOrWrittenTwiceIsRefused() throws {
        let folder = try TemporaryFolder()
        let store = try CheckpointStore(folder: folder.path)
        let writer = try store.begin(header(step: 1))
        try fill(writer, pieces: 1, except: 0)
        let missing = try #require(throws: StorageError.self) { try writer.finish() }
        #expect("\(missing)".contains("weight of block embed has 0 of 6 elements"))
        let twice = try store.begin(header(step: 1))
        try fill(twice, pieces: 1)
        try fill(twice, pieces: 1)
        #expect(throws: StorageError.self) { try twice.finish() }
        #expect(try folder.names() == [])
    }

    @Test func damagedTensorIsNamed() throws {
        let folder = try TemporaryFolder()
        let checkpoint = try write(to: CheckpointStore(folder: folder.path), step: 1, pieces: 1)
        let size = try folder.size("mae-1/weights.safetensors")
        try folder.damage("mae-1/weights.safetensors", at: size - 1)
        let error = try #require(throws: StorageError.self) { try checkpoint.verify() }
        #expect("\(error)".contains("tensor blocks.0.mlp.fc1.bias is not what was written"))
    }

    @Test func truncatedFileChangedHeaderAndChangedManifestAreRefused() throws {
        for (file, offset, reason) in [
            ("weights.safetensors", 20, "its header is not that of its manifest's table"),
            ("manifest.json", 200, "manifest.json is damaged"),
        ] {
            let folder = try TemporaryFolder()
            let store = try CheckpointStore(folder: folder.path)
            _ = try write(to: store, step: 1, pieces: 1)
            try folder.damage("mae-1/\(file)", at: offset)
            let error = try #require(throws: StorageError.self) { try store.latest() }
            #expect("\(error)".contains(reason))
        }
        let folder = try TemporaryFolder()
        let store = try CheckpointStore(folder: folder.path)
        _ = try write(to: store, step: 1, pieces: 1)
        truncate(folder.file("mae-1/optimizer.safetensors"), 100)
        let error = try #require(throws: StorageError.self) { try store.latest() }
        #expect("\(error)".contains("it has 100 bytes where"))
    }

    @Test func whatIsRemovedIsGoneAndTheOthersAndLatestStay() throws {
        let folder = try TemporaryFolder()
        let store = try CheckpointStore(folder: folder.path)
        for step in [0, 2, 10, 9] { _ = try write(to: store, step: UInt64(step), pieces: 1) }
        #expect(try store.names() == ["mae-0", "mae-2", "mae-9", "mae-10"])
        try store.remove(["mae-2", "mae-10"])
        #expect(try store.names() == ["mae-0", "mae-9"])
        #expect(try store.latest()?.name == "mae-9")
        #expect(try folder.names() == ["latest", "mae-0", "mae-9"])
    }

    @Test func sameCheckpointAgainReplacesADamagedOne() throws {
        let folder = try TemporaryFolder()
        let store = try CheckpointStore(folder: folder.path)
        _ = try write(to: store, step: 1, pieces: 1)
        try write(to: store, step: 1, pieces: 3).verify()
        try folder.damage("mae-1/weights.safetensors", at: try folder.size("mae-1/weights.safetensors") - 1)
        try write(to: store, step: 1, pieces: 2).verify()
        #expect(try folder.names() == ["latest", "mae-1"])
    }

    private func header(step: UInt64) -> CheckpointHeader {
        var embed = BlockBuilder("embed", isTrainable: false)
        embed.add("pos_embed", [1, 2, 3], decays: false, .sineCosine(gridSide: 1))
        var block = BlockBuilder("block.0")
        block.add("blocks.0.mlp.fc1.weight", [4, 3], decays: true, .xavierUniform(fanIn: 3, fanOut: 4))
        block.add("blocks.0.mlp.fc1.bias", [4], decays: false, .constant(0.1))
        return CheckpointHeader(
            runID: "run", stageName: "mae", stageIndex: StageIndex(0), step: StepIndex(step), planHash: "plan",
            table: BlockTable(blocks: [embed.build(), block.build()], slots: WeightSlot.adamw()))
    }

    private func value(_ part: WeightPart, block: Int, element: Int) -> Float {
        Float(1000 * (part == .weight ? 0 : part == .slot("exp_avg") ? 1 : 2) + 100 * block + element) / 7
    }

    private func write(to store: CheckpointStore, step: UInt64, pieces: Int) throws -> Checkpoint {
        let writer = try store.begin(header(step: step))
        try fill(writer, pieces: pieces)
        return try writer.finish()
    }

    private func fill(_ writer: CheckpointWriter, pieces: Int, except skipped: Int? = nil) throws {
        for (index, block) in header(step: 0).table.blocks.enumerated() where index != skipped {
            for part in block.parts {
                for piece in (0..<pieces).reversed() {
                    let range = block.count * piece / pieces..<block.count * (piece + 1) / pieces
                    let values = range.map { value(part, block: index, element: $0) }
                    try values.withUnsafeBytes {
                        try writer.write(part, block: index, range: range, bytes: $0)
                    }
                }
            }
        }
    }
}
