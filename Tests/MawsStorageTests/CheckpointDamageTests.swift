import Foundation
import MawsBase
import MawsCheckpoint
import MawsFiles
import MawsHash
import Testing

/// What is read of a checkpoint is what was written, or nothing.
struct CheckpointDamageTests {
    /// Three pieces of weights and more of moments; parameters end in the midst of pieces.
    private static let counts = [300_000, 100, 400_000]

    @Test func aChangedByteIsFoundByEveryReadOfItsPieceAndByNoOther() throws {
        let folder = try TemporaryFolder()
        let checkpoint = try write(to: CheckpointStore(folder: folder.path), step: 1)
        let size = try folder.size("mae-1/weights.safetensors")
        // In the first piece of parameter2, which ends two pieces later.
        try folder.damage("mae-1/weights.safetensors", at: 1_200_000 + 400 + 3000 + size - 4 * 700_100)
        try read(checkpoint, .weight, 0..<200_000)
        try read(checkpoint, .slot("exp_avg"), 0..<700_100)
        try read(checkpoint, .weight, 600_000..<700_100)
        for range in [0..<700_100, 290_000..<310_000, 301_000..<301_001] {
            let error = try #require(throws: StorageError.self) { try read(checkpoint, .weight, range) }
            #expect(
                "\(error)".contains("mae-1/weights.safetensors is damaged: tensor parameter2 is not what was written"))
            #expect(error.isDamage)
        }
        #expect(throws: StorageError.self) { _ = try checkpoint.tensor(named: "parameter2") }
    }

    @Test func everyFlippedByteOfBothFilesIsFoundByReadingThatSlice() throws {
        for (file, part) in [
            ("weights", WeightPart.weight), ("optimizer", .slot("exp_avg")), ("optimizer", .slot("exp_avg_sq")),
        ] {
            let folder = try TemporaryFolder()
            let checkpoint = try write(to: CheckpointStore(folder: folder.path), step: 1)
            let size = try folder.size("mae-1/\(file).safetensors")
            let moments = part == .slot("exp_avg") ? 4 * 700_100 : 0
            for offset in [1, 1 << 20, 1_999_999, 4 * 700_100] {
                let place = size - moments - offset
                try folder.damage("mae-1/\(file).safetensors", at: place)
                #expect(throws: StorageError.self) { try read(checkpoint, part, 0..<700_100) }
                try folder.damage("mae-1/\(file).safetensors", at: place)
                try read(checkpoint, part, 0..<700_100)
            }
        }
    }

    @Test func whatIsSetAsideIsNoCheckpointAndNotTheLatest() throws {
        let folder = try TemporaryFolder()
        let store = try CheckpointStore(folder: folder.path)
        for step in 1...3 { _ = try write(to: store, step: UInt64(step)) }
        #expect(try store.setAside("mae-3") == folder.file("mae-3.damaged"))
        #expect(try store.latest() == nil)
        #expect(try store.steps(of: "mae") == [StepIndex(2), StepIndex(1)])
        try store.makeLatest("mae-2")
        #expect(try store.setAside("mae-1") != nil)
        #expect(try store.latest()?.name == "mae-2")
        _ = try write(to: store, step: 3)
        #expect(try store.setAside("mae-3") != nil)
        #expect(try store.setAside("mae-9") == nil)
        #expect(try folder.names() == ["mae-1.damaged", "mae-2", "mae-3.damaged"])
    }

    /// A copy that somebody made under another name is not the checkpoint that its manifest speaks of.
    @Test func onlyFoldersOfTheirOwnNameCount() throws {
        let folder = try TemporaryFolder()
        let store = try CheckpointStore(folder: folder.path)
        _ = try write(to: store, step: 1)
        try FileManager.default.copyItem(atPath: folder.file("mae-1"), toPath: folder.file("mae-7"))
        #expect(try store.names() == ["mae-1"])
        #expect(try store.steps(of: "mae") == [StepIndex(7), StepIndex(1)])
    }

    @Test func whatWasLeftHalfMadeIsRemoved() throws {
        let folder = try TemporaryFolder()
        let store = try CheckpointStore(folder: folder.path)
        _ = try write(to: store, step: 1)
        try FileManager.default.copyItem(atPath: folder.file("mae-1"), toPath: folder.file("mae-2.partial"))
        try store.removeUnfinished()
        #expect(try folder.names() == ["latest", "mae-1"])
    }

    private func read(_ checkpoint: Checkpoint, _ part: WeightPart, _ range: Range<Int>) throws {
        var values = [Float](repeating: -1, count: range.count)
        try values.withUnsafeMutableBytes { try checkpoint.read(part, block: 0, range: range, into: $0) }
        #expect(values.first == Float(range.lowerBound) && values.last == Float(range.upperBound - 1))
    }

    private func write(to store: CheckpointStore, stage: Int = 0, step: some BinaryInteger) throws -> Checkpoint {
        var builder = BlockBuilder("block")
        for (index, count) in Self.counts.enumerated() {
            builder.add("parameter\(index)", [count], decays: true, .zeros)
        }
        let header = CheckpointHeader(
            runID: "run", stageName: stage == 0 ? "mae" : "wsp", stageIndex: StageIndex(UInt32(stage)),
            step: StepIndex(UInt64(step)), planHash: "plan",
            table: BlockTable(blocks: [builder.build()], slots: WeightSlot.adamw()))
        let writer = try store.begin(header)
        let values = (0..<700_100).map(Float.init)
        for part in header.table.blocks[0].parts {
            try values.withUnsafeBytes { try writer.write(part, block: 0, range: 0..<700_100, bytes: $0) }
        }
        return try writer.finish()
    }
}
