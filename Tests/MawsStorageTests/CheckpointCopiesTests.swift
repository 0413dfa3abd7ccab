import Foundation
import MawsBase
import MawsCheckpoint
import MawsFiles
import Testing

/// What `maws model` says of checkpoints' folders, and makes of damaged ones.
struct CheckpointCopiesTests {
    /// Three pieces of weights and more of moments.
    private static let counts = [300_000, 100, 400_000]

    private let folder: TemporaryFolder
    private let store: CheckpointStore

    init() throws {
        folder = try TemporaryFolder()
        store = try CheckpointStore(folder: folder.path)
    }

    /// - Parameters:
    ///   - changed: elements of the weights that are other ones.
    ///   - bias: whether there is one parameter more.
    private func write(_ step: UInt64, changed: [Int: Float] = [:], bias: Int? = nil) throws -> String {
        var builder = BlockBuilder("block")
        for (index, count) in Self.counts.enumerated() {
            builder.add("parameter\(index)", [count], decays: true, .zeros)
        }
        if let bias { builder.add("bias", [bias], decays: false, .zeros) }
        let header = CheckpointHeader(
            runID: "run", stageName: "mae", stageIndex: StageIndex(0), step: StepIndex(step), planHash: "plan",
            table: BlockTable(blocks: [builder.build()], slots: WeightSlot.adamw()))
        let writer = try store.begin(header)
        let count = header.table.blocks[0].count
        for part in header.table.blocks[0].parts {
            var values = (0..<count).map(Float.init)
            if part == .weight { for (index, value) in changed { values[index] = value } }
            try values.withUnsafeBytes { try writer.write(part, block: 0, range: 0..<count, bytes: $0) }
        }
        return try writer.finish().folder
    }

    private func copy(_ from: String, as name: String) throws -> String {
        try FileManager.default.copyItem(atPath: from, toPath: folder.file(name))
        return folder.file(name)
    }

    // MARK: - verify

    @Test func aWholeCheckpointHasNoFaults() throws {
        let inspection = try CheckpointInspection(write(1))
        #expect(inspection.faults.isEmpty && inspection.manifest?.header.name == "mae-1")
        #expect(inspection.byteCount > 3 * 4 * 700_100)
    }

    @Test func allThatIsDamagedIsSaidWithFileAndTensor() throws {
        let path = try write(1)
        let size = try folder.size("mae-1/weights.safetensors")
        let start = size - 4 * 700_100
        for element in [10, 300_050] { try folder.damage("mae-1/weights.safetensors", at: start + 4 * element) }
        try folder.damage("mae-1/optimizer.safetensors", at: folder.size("mae-1/optimizer.safetensors") - 1)
        #expect(
            try CheckpointInspection(path).faults.map(\.description) == [
                "weights.safetensors: tensor parameter0 is not what was written",
                "weights.safetensors: tensor parameter1 is not what was written",
                "optimizer.safetensors: tensor parameter2.exp_avg_sq is not what was written",
            ])
        #expect(throws: StorageError.self) { try CheckpointInspection(folder.file("mae-9")) }
    }

    @Test func filesThatAreShortGoneOrForeignAreSaid() throws {
        let path = try write(1)
        try FileManager.default.removeItem(atPath: "\(path)/optimizer.safetensors")
        let file = try #require(FileHandle(forUpdatingAtPath: "\(path)/weights.safetensors"))
        try file.truncate(atOffset: 100)
        try file.close()
        let faults = try CheckpointInspection(path).faults
        #expect(faults.map(\.file) == ["weights.safetensors", "optimizer.safetensors"])
        #expect(faults[0].reason.contains("it has 100 bytes"))
        try folder.damage("mae-1/manifest.json", at: 40)
        #expect(try CheckpointInspection(path).faults.map(\.file) == ["manifest.json"])
        #expect(try CheckpointInspection(path).manifest == nil)
    }

    // MARK: - diff

    @Test func equalCheckpointsHaveNoDifference() throws {
        let path = try write(1)
        let difference = try CheckpointDifference(
            Checkpoint(folder: path), Checkpoint(folder: copy(path, as: "other")))
        #expect(difference.tensors.isEmpty && difference.equalCount == 9)
    }

    @Test func whatDiffersIsSaidWithCountAndLargestDifference() throws {
        let first = try Checkpoint(folder: write(1))
        let second = try Checkpoint(
            folder: write(2, changed: [3: 3.5, 7: 5, 300_010: .nan, 700_000: -1], bias: 5))
        let difference = try CheckpointDifference(first, second)
        #expect(
            difference.tensors == [
                .init(name: "parameter0", kind: .values(count: 2, of: 300_000, largest: 2)),
                .init(name: "parameter1", kind: .values(count: 1, of: 100, largest: nil)),
                .init(name: "parameter2", kind: .values(count: 1, of: 400_000, largest: 700_001)),
                .init(name: "bias", kind: .onlyInSecond), .init(name: "bias.exp_avg", kind: .onlyInSecond),
                .init(name: "bias.exp_avg_sq", kind: .onlyInSecond),
            ])
        #expect(difference.equalCount == 6)
        let third = try Checkpoint(folder: write(3, bias: 6))
        let shapes = try CheckpointDifference(second, third).tensors.filter { $0.name.hasPrefix("bias") }
        #expect(shapes.map(\.kind) == Array(repeating: .shapes("F32 [5]", "F32 [6]"), count: 3))
        #expect(try CheckpointDifference(second, first).tensors.contains { $0.kind == .onlyInFirst })
    }

    // MARK: - repair

    /// Both files and the manifest, in two copies that are damaged elsewhere: together they are whole.
    @Test func twoDamagedCopiesMakeAWholeOne() throws {
        let path = try write(1)
        let other = try copy(path, as: "mae-1.copy")
        let whole = try AtomicFile.read("\(path)/weights.safetensors")
        try folder.damage("mae-1/weights.safetensors", at: 200)
        try folder.damage("mae-1.copy/weights.safetensors", at: 2 << 20)
        try FileManager.default.removeItem(atPath: "\(path)/optimizer.safetensors")
        try folder.damage("mae-1/manifest.json", at: 40)
        let repair = try CheckpointRepair(path, from: [other])
        #expect(repair.piecesTaken["weights.safetensors"] == 1 && repair.tookManifest)
        #expect(try CheckpointInspection(path).faults.isEmpty)
        #expect(try AtomicFile.read("\(path)/weights.safetensors") == whole)
        #expect(try Folder.names(in: path) == ["manifest.json", "optimizer.safetensors", "weights.safetensors"])
        let again = try CheckpointRepair(path, from: [])
        #expect(again.piecesTaken.isEmpty && !again.tookManifest)
    }

    /// A file that grew, and one that was cut.
    @Test func lengthsAreMadeRight() throws {
        let path = try write(1)
        let other = try copy(path, as: "copy")
        for (name, length) in [("weights", 3_000_000), ("optimizer", 4_000_000)] {
            let file = try #require(FileHandle(forUpdatingAtPath: "\(path)/\(name).safetensors"))
            try file.truncate(atOffset: UInt64(length))
            try file.close()
        }
        _ = try CheckpointRepair(path, from: [other])
        #expect(try CheckpointInspection(path).faults.isEmpty)
    }

    /// Another step has other weights for the most part: what is the same may be taken, and nothing else.
    @Test func nothingIsTakenThatWasNotWrittenThere() throws {
        let path = try write(1)
        let other = try write(2, changed: [3: 0.5])
        try folder.damage("mae-1/weights.safetensors", at: 2 << 20)
        #expect(try CheckpointRepair(path, from: [other]).piecesTaken == ["weights.safetensors": 1])
        let start = try folder.size("mae-1/weights.safetensors") - 4 * 700_100
        try folder.damage("mae-1/weights.safetensors", at: start + 12)
        let before = try AtomicFile.read("\(path)/weights.safetensors")
        let refusal = try #require(throws: CheckpointRepair.Refusal.self) {
            try CheckpointRepair(path, from: [other, folder.file("nothing")])
        }
        #expect(refusal.description.contains("weights.safetensors (parameter0) are damaged"))
        #expect(refusal.description.hasSuffix("Nothing was changed."))
        #expect(try AtomicFile.read("\(path)/weights.safetensors") == before)
        #expect(try Folder.names(in: path).count == 3)
    }

    /// Only a copy of the checkpoint that the folder's name says gives its manifest.
    @Test func theManifestOfAnotherCheckpointIsNotTaken() throws {
        let path = try copy(write(1), as: "mae-1.damaged")
        let other = try write(2)
        try folder.damage("mae-1.damaged/manifest.json", at: 40)
        let refusal = try #require(throws: CheckpointRepair.Refusal.self) {
            try CheckpointRepair(path, from: [other])
        }
        #expect(refusal.description.contains("no folder given with --from is a copy of checkpoint mae-1"))
        #expect(try CheckpointRepair(path, from: [other, folder.file("mae-1")]).tookManifest)
        #expect(try CheckpointInspection(path).faults.isEmpty)
    }
}
