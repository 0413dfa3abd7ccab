import Foundation
import MawsBase
import MawsFiles
import MawsHash
import MawsState
import Testing

/// The two header slots of a state file: what is believed of them, and what is not.
struct StateHeaderTests {
    private let shape = StateShape(
        frozenBytes: 64, weightBytes: 4096, slotBytes: 512, frozenChunkCount: 1, chunkCount: 1, checksPerChunk: 4,
        laneCount: 1, laneBytes: UpdateJournal.laneBytes(changing: 100))
    private let folder: TemporaryFolder
    /// A file with version 7 in one slot and its reduced gradient in the other.
    private let sealed: Data

    init() throws {
        folder = try TemporaryFolder()
        let file = try StateFile.create(folder.file("state"), content: Self.content("run"), shape: shape)
        try file.sealRestored(step: StepIndex(7))
        try file.sealReduced()
        sealed = try Data(contentsOf: URL(filePath: folder.file("state")))
    }

    private static func content(_ runID: String) -> StateContent {
        StateContent(
            shard: ShardIdentity(index: 1, count: 3), runID: runID, stage: StageIndex(2),
            tableHash: Hash.digest(of: [1]), step: StepIndex(0))
    }

    /// The newest slot, which begins at the first page or at the second.
    private var newest: Int { word(sealed, 16) > word(sealed, 4096 + 16) ? 0 : 4096 }

    @Test func aFlippedByteOfTheNewestSlotLeavesTheOneBefore() throws {
        for place in 0..<512 {
            var bytes = sealed
            bytes[newest + place] ^= 0x04
            #expect(try open(bytes)?.content.hasReduced == false, "byte \(place)")
        }
        for place in [7, 8, 16, 300] {
            var bytes = sealed
            for slot in [0, 4096] { bytes[slot + place] ^= 0x04 }
            let error = try #require(throws: StorageError.self) { try open(bytes) }
            #expect("\(error)".contains(place == 7 ? "another version of maws" : "neither of its headers is whole"))
        }
    }

    /// Numbers that a checksum vouches for and that no file can have, in each field that is a size or a place.
    @Test func numbersThatNoFileHasAreDamageAndNothingIsMadeOfThem() throws {
        let fields = [24, 32, 48] + (0..<8).map { 112 + 8 * $0 } + [176]
        for field in fields {
            for number in [UInt64.max, 1 << 63, 1 << 62, UInt64(Int64.max) / 8] {
                var bytes = sealed
                for slot in [0, 4096] { put(number, at: field, ofSlot: slot, &bytes) }
                let error = try #require(throws: StorageError.self, "field \(field), \(number)") { try open(bytes) }
                #expect(error.isDamage)
            }
        }
    }

    @Test func sizesOfAnotherFileAreTold() throws {
        var bytes = sealed
        for slot in [0, 4096] { put(1 << 20, at: 120, ofSlot: slot, &bytes) }
        let error = try #require(throws: StorageError.self) { try open(bytes) }
        let other = shape.size + 2 * ((1 << 20) - 4096)
        #expect("\(error)".hasSuffix("is damaged: it has \(shape.size) bytes where \(other) belong."))
        for size in [0, 511, 4096, 8191] {
            let error = try #require(throws: StorageError.self) { try open(sealed.prefix(size)) }
            #expect("\(error)".hasSuffix("is damaged: it has only \(size) bytes."))
        }
        #expect(throws: StorageError.self) { try open(sealed + Data(count: 4096)) }
    }

    /// The header of one file in the other, at the same place: the file's number goes with it, and so do its checksums.
    @Test func theHigherNumberCountsWhicheverSlotItIsIn() throws {
        var exchanged = sealed
        exchanged.replaceSubrange(0..<512, with: sealed[4096..<4608])
        exchanged.replaceSubrange(4096..<4608, with: sealed[0..<512])
        #expect(try open(exchanged)?.content == open(sealed)?.content)
        #expect(try open(sealed)?.content.hasReduced == true)
    }

    @Test func aRunsNameHasRoomOrIsRefusedBeforeAnythingIsSealed() throws {
        let longest = String(repeating: "r", count: 256)
        let file = try StateFile.create(folder.file("long"), content: Self.content(longest), shape: shape)
        try file.sealRestored(step: StepIndex(1))
        #expect(try StateFile.open(folder.file("long"))?.content.runID == longest)
        let wider = try StateFile.create(folder.file("longer"), content: Self.content(longest + "r"), shape: shape)
        #expect(throws: StorageError.self) { try wider.sealRestored(step: StepIndex(1)) }
        #expect(!wider.isSealed)
        let error = try #require(throws: StorageError.self) { try StateFile.open(folder.file("longer")) }
        #expect("\(error)".contains("it was never filled"))
    }

    /// From one seal to the next, as a server goes through a step, and what the next process finds after each.
    @Test func eachSealSaysWhatTheNextProcessFinds() throws {
        let file = try StateFile.create(folder.file("steps"), content: Self.content("run"), shape: shape)
        let found = { try #require(try StateFile.open(folder.file("steps"))).content }
        try file.sealRestored(step: StepIndex(3))
        #expect(try found().step == StepIndex(3) && found().activeBank == 0 && !found().hasReduced)
        try file.sealReduced()
        try file.sealStepDropped()
        #expect(try !found().hasReduced && found().droppedCount == 1)
        try file.sealReduced()
        let update = StateUpdate(learningRate: 0.5, clipScale: 0)
        try file.sealUpdating(update)
        #expect(try found().step == StepIndex(4) && found().activeBank == 1 && found().update == update)
        try file.sealApplied()
        #expect(try found().update == nil && found().droppedCount == 1 && found() == file.content)
        // A restore goes back to the first bank, whichever was in force.
        try file.sealRestored(step: StepIndex(2))
        #expect(try found().step == StepIndex(2) && found().activeBank == 0)
    }

    private func open(_ bytes: Data) throws -> StateFile? {
        try bytes.write(to: URL(filePath: folder.file("copy")))
        return try StateFile.open(folder.file("copy"))
    }

    private func word(_ bytes: Data, _ place: Int) -> UInt64 {
        bytes[place..<place + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Puts a number into a header and renews its checksum.
    private func put(_ number: UInt64, at field: Int, ofSlot slot: Int, _ bytes: inout Data) {
        bytes.replaceSubrange(
            slot + field..<slot + field + 8, with: withUnsafeBytes(of: number.littleEndian) { Data($0) })
        bytes.replaceSubrange(slot + 8..<slot + 16, with: Data(count: 8))
        let checksum = UInt64(CRC32C.checksum([UInt8](bytes[slot..<slot + 512])))
        bytes.replaceSubrange(slot + 8..<slot + 16, with: withUnsafeBytes(of: checksum.littleEndian) { Data($0) })
    }
}
