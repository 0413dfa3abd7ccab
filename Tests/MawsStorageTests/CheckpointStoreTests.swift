import Foundation
import MawsBase
import MawsCheckpoint
import MawsFiles
import Testing

/// The folder of a run's checkpoints, as deaths and people leave it.
struct CheckpointStoreTests {
    private let stored: StoredCheckpoint

    init() throws { stored = try StoredCheckpoint() }

    private func point(to text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: stored.folder.file("latest")))
    }

    @Test(arguments: ["", "\n", "../other\n", "a/b", "/etc\n", "..", ".\n"])
    func aLatestThatIsNoNameIsDamage(text: String) throws {
        try stored.write(step: 1)
        try point(to: text)
        let error = try #require(throws: StorageError.self) { try stored.store.latest() }
        #expect("\(error)".contains("latest is damaged: it holds no checkpoint's name"))
        // Whatever is set aside, what leads nowhere goes with it.
        #expect(try stored.store.setAside("mae-9") == nil)
        #expect(try stored.store.latest() == nil && stored.store.names() == ["mae-1"])
    }

    @Test func aLatestThatIsGoneIsAnErrorAndTheOthersAreStillThere() throws {
        for step in [1, 2] { try stored.write(step: UInt64(step)) }
        try FileManager.default.removeItem(atPath: stored.folder.file("mae-2"))
        let error = try #require(throws: StorageError.self) { try stored.store.latest() }
        #expect(error.isDamage && "\(error)".contains("mae-2/manifest.json"))
        #expect(try stored.store.names() == ["mae-1"])
    }

    /// By the plan's order and by number, not by the letters.
    @Test func checkpointsAreListedByStageAndStep() throws {
        for (stage, step) in [(2, 0), (0, 10), (1, 3), (0, 9), (0, 100)] {
            try stored.write(stage: stage, step: UInt64(step))
        }
        #expect(try stored.store.names() == ["mae-9", "mae-10", "mae-100", "wsp-3", "lit-0"])
        #expect(try stored.store.steps(of: "mae") == [100, 10, 9].map { StepIndex($0) })
        #expect(try stored.store.latest()?.name == "mae-100")
    }

    @Test func stagesWhoseNamesBeginAlikeAreToldApart() throws {
        try stored.write(step: 4)
        for name in ["mae-large-7", "mae-x", "mae-", "mae-08"] {
            try FileManager.default.createDirectory(
                atPath: stored.folder.file(name), withIntermediateDirectories: false)
        }
        #expect(try stored.store.steps(of: "mae") == [8, 4].map { StepIndex($0) })
        #expect(try stored.store.steps(of: "mae-large") == [StepIndex(7)])
        #expect(try stored.store.names() == ["mae-4"])
    }

    /// A death between the two steps of a removal leaves what the next start removes.
    @Test func aRemovalThatWasCutLeavesNoCheckpoint() throws {
        for step in [1, 2] { try stored.write(step: UInt64(step)) }
        try FileManager.default.moveItem(
            atPath: stored.folder.file("mae-1"), toPath: stored.folder.file("mae-1.partial"))
        try FileManager.default.removeItem(atPath: stored.folder.file("mae-1.partial/weights.safetensors"))
        #expect(try stored.store.names() == ["mae-2"] && stored.store.folders() == ["mae-2"])
        try stored.store.removeUnfinished()
        #expect(try stored.folder.names() == ["latest", "mae-2"])
    }

    /// A death in the middle of a publication: the folder has its name, and `latest` still that of the one before.
    @Test func aCheckpointThatHasItsNameCountsThoughLatestDoesNotSaySo() throws {
        try stored.write(step: 1)
        try stored.write(step: 2)
        try stored.store.makeLatest("mae-1")
        #expect(try stored.store.latest()?.name == "mae-1")
        #expect(try stored.store.names() == ["mae-1", "mae-2"])
        // The same step again, to the same bits: it stays, and is the latest now.
        let before = try stored.folder.text("mae-2/manifest.json")
        try stored.write(step: 2)
        #expect(try stored.store.latest()?.name == "mae-2")
        #expect(try stored.folder.text("mae-2/manifest.json") == before)
    }

    /// Another run's, or that of another plan, in the way: what is written now takes its place.
    @Test func aCheckpointOfTheSameNameAndOtherBitsMakesRoom() throws {
        let first = try stored.write(step: 1, value: 1).weightsHash
        let second = try stored.write(step: 1, value: 2).weightsHash
        #expect(first != second)
        #expect(try stored.store.latest()?.weightsHash == second)
        #expect(try stored.folder.names() == ["latest", "mae-1"])
    }

    @Test func aFileInAFoldersPlaceIsNoCheckpoint() throws {
        try stored.write(step: 1)
        try Data("x".utf8).write(to: URL(filePath: stored.folder.file("mae-2")))
        #expect(try stored.store.folders() == ["mae-1"])
        let error = try #require(throws: StorageError.self) { try stored.store.open("mae-2") }
        #expect("\(error)".contains("A part of the path is a file, not a folder."))
    }

    @Test func whatIsSetAsideTwiceKeepsTheNewer() throws {
        for value in [UInt8(1), 2] {
            try stored.write(step: 1, value: value)
            #expect(try stored.store.setAside("mae-1") == stored.folder.file("mae-1.damaged"))
        }
        #expect(try stored.folder.names() == ["mae-1.damaged"])
        let bytes = try Data(contentsOf: URL(filePath: stored.folder.file("mae-1.damaged/weights.safetensors")))
        #expect(bytes.last == 3)
    }

    @Test func aMissingFileOfACheckpointIsDamageAndNamed() throws {
        for name in ["weights.safetensors", "optimizer.safetensors", "manifest.json"] {
            let stored = try StoredCheckpoint()
            try stored.write(step: 1)
            try FileManager.default.removeItem(atPath: stored.folder.file("mae-1/\(name)"))
            let error = try #require(throws: StorageError.self) { try stored.store.latest() }
            #expect(error.isDamage && "\(error)".contains("mae-1/\(name)"))
        }
    }

    /// Another program cuts a file that is open already.
    @Test func aFileThatEndsEarlyWhileItIsReadIsDamage() throws {
        let checkpoint = try stored.write(step: 1)
        let size = try stored.folder.size("mae-1/weights.safetensors")
        truncate(stored.folder.file("mae-1/weights.safetensors"), off_t(size - 1))
        let reads: [() throws -> Void] = [
            { try checkpoint.verify() }, { _ = try checkpoint.tensor(named: "blocks.0.bias") },
        ]
        for read in reads {
            let error = try #require(throws: StorageError.self) { try read() }
            #expect("\(error)".contains("it ends at byte \(size - 1)") && error.isDamage)
        }
    }

    /// Read by something that knows the format and nothing of this program.
    @Test func filesAreSafetensorsWhoseTensorsLieBackToBack() throws {
        try stored.write(step: 1)
        for name in ["weights", "optimizer"] {
            let bytes = try Data(contentsOf: URL(filePath: stored.folder.file("mae-1/\(name).safetensors")))
            let length = Int(bytes[0..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
            #expect((8 + length) % 64 == 0)
            let header = try #require(
                try JSONSerialization.jsonObject(with: bytes[8..<8 + length]) as? [String: [String: Any]])
            let tensors = header.filter { $0.key != "__metadata__" }.values
            let ranges: [Range<Int>] = try tensors.map { tensor in
                let offsets = try #require(tensor["data_offsets"] as? [Int])
                let shape = try #require(tensor["shape"] as? [Int])
                #expect(tensor["dtype"] as? String == "F32" && offsets[1] - offsets[0] == 4 * shape.reduce(1, *))
                return offsets[0]..<offsets[1]
            }.sorted { $0.lowerBound < $1.lowerBound }
            #expect(ranges.first?.lowerBound == 0 && ranges.last?.upperBound == bytes.count - 8 - length)
            #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
        }
    }
}
