import Foundation
import MawsBase
import MawsFiles
import MawsHash
import MawsState
import Testing

struct StateFileTests {
    private let shape = StateShape(
        frozenBytes: 20, weightBytes: 6000, slotBytes: 3000, frozenChunkCount: 1, chunkCount: 3, checksPerChunk: 4,
        laneCount: 2, laneBytes: UpdateJournal.laneBytes(changing: 1000))

    @Test func stateIsThereWhenReopened() throws {
        let folder = try TemporaryFolder()
        try filled(folder).sealReduced()
        let state = try #require(try StateFile.open(folder.file("state")))
        #expect(state.content.runID == "run")
        #expect(state.content.step == StepIndex(7))
        #expect(state.content.hasReduced)
        #expect(state.shape == shape)
        #expect(state.frozen[4] == 4)
        #expect(state.weights(bank: 0)[1499] == 1499)
        #expect(state.slots.load(fromByteOffset: 2999, as: UInt8.self) == 0xA5)
        #expect(state.weights(bank: 1)[1499] == -1499)
    }

    @Test func nothingIsThereBeforeItIsSealed() throws {
        let folder = try TemporaryFolder()
        #expect(try StateFile.open(folder.file("state")) == nil)
        _ = try StateFile.create(folder.file("state"), content: content, shape: shape)
        let error = try #require(throws: StorageError.self) { try StateFile.open(folder.file("state")) }
        #expect("\(error)".contains("it was never filled"))
    }

    @Test func deathBetweenAnyTwoBytesOfAHeaderLeavesTheOldVersionOrTheNew() throws {
        let folder = try TemporaryFolder()
        let state = try filled(folder)
        try state.sealReduced()
        for _ in 0..<3 {
            let before = try Data(contentsOf: URL(filePath: folder.file("state")))
            let old = state.content
            fill(state, bank: 1 - old.activeBank)
            let written = try Data(contentsOf: URL(filePath: folder.file("state")))
            #expect(try open(written, in: folder) == old)
            try state.sealUpdating(StateUpdate(learningRate: 0.5, clipScale: 0.25))
            try state.sealApplied()
            let after = try Data(contentsOf: URL(filePath: folder.file("state")))
            try expectTornHeaders(from: before, to: written, after, old: old, new: state.content, folder)
        }
    }

    /// The file as it is in the middle of a change is what a death leaves then.
    @Test func chunkWhoseChangeWasCutShortIsPutBackAndOthersAreLeft() throws {
        let folder = try TemporaryFolder()
        let state = try filled(folder)
        try state.sealReduced()
        try state.sealUpdating(StateUpdate(learningRate: 0.5, clipScale: 0.25))
        let journal = state.journal
        let before = areas(state, 1).map(Array.init)
        journal.change(0, lane: 0, areas: areas(state, 0)) { change(areas(state, 0)) }
        try journal.change(1, lane: 1, areas: areas(state, 1)) {
            change(areas(state, 1))
            try Data(contentsOf: URL(filePath: folder.file("state"))).write(to: URL(filePath: folder.file("copy")))
        }
        let copy = try #require(try StateFile.open(folder.file("copy")))
        #expect(copy.content.update == StateUpdate(learningRate: 0.5, clipScale: 0.25))
        #expect(areas(copy, 1).map(Array.init) != before)
        #expect(copy.journal.restore { areas(copy, $0) } == nil)
        #expect(areas(copy, 1).map(Array.init) == before)
        #expect(areas(copy, 0).map(Array.init) == areas(state, 0).map(Array.init))
        #expect([0, 1, 2].map { copy.journal.isDone($0) } == [true, false, false])
        #expect([0, 1, 2].map { journal.isDone($0) } == [true, true, false])
        try state.sealApplied()
        try state.sealReduced()
        try state.sealUpdating(StateUpdate(learningRate: 0.5, clipScale: 0.25))
        #expect([0, 1, 2].map { state.journal.isDone($0) } == [false, false, false])
    }

    /// What the update of a chunk changes.
    private func areas(_ state: StateFile, _ chunk: Int) -> [UnsafeMutableRawBufferPointer] {
        let next = state.weights(bank: state.content.activeBank)
        return [
            UnsafeMutableRawBufferPointer(start: next + 50 * chunk, count: 200),
            UnsafeMutableRawBufferPointer(start: state.slots + 300 * chunk, count: 300),
        ]
    }

    private func change(_ areas: [UnsafeMutableRawBufferPointer]) {
        for area in areas { for index in area.indices { area[index] ^= 0xFF } }
    }

    @Test func fileOfAnotherBootOrAnotherSizeIsNotBelieved() throws {
        let folder = try TemporaryFolder()
        _ = try filled(folder)
        let boot = try #require(throws: StorageError.self) {
            try StateFile.open(folder.file("state"), boot: [UInt8](repeating: 1, count: 16))
        }
        #expect("\(boot)".contains("the machine stopped after it was written"))
        truncate(folder.file("state"), 12_288)
        let size = try #require(throws: StorageError.self) { try StateFile.open(folder.file("state")) }
        #expect("\(size)".contains("it has 12288 bytes"))
    }

    /// What is unknown is like nothing else: neither like another unknown nor like what is known.
    @Test func fileWhoseMachineDoesNotSayWhichRunItIsInIsNotBelieved() throws {
        let folder = try TemporaryFolder()
        _ = try filled(folder)
        let known = try #require(throws: StorageError.self) { try StateFile.open(folder.file("state"), boot: nil) }
        #expect("\(known)".contains("nobody knows whether the machine stopped after it was written"))
        _ = try filled(folder, boot: nil)
        for boot in [nil, MachineBoot.identity, [UInt8](repeating: 0, count: 16)] {
            let error = try #require(throws: StorageError.self) { try StateFile.open(folder.file("state"), boot: boot) }
            #expect("\(error)".contains("nobody knows whether the machine stopped"))
        }
        #expect(MachineBoot.identity(path: folder.file("none")) == nil)
        try Data("short".utf8).write(to: URL(filePath: folder.file("short")))
        #expect(MachineBoot.identity(path: folder.file("short")) == nil)
        #expect(MachineBoot.identity?.count == 16)
    }

    @Test func fileOfAnotherVersionOfTheFormatIsRefusedInOneSentence() throws {
        let folder = try TemporaryFolder()
        _ = try filled(folder)
        var bytes = try Data(contentsOf: URL(filePath: folder.file("state")))
        for slot in [0, 4096] where bytes[slot] != 0 { bytes[slot + 7] = UInt8(ascii: "2") }
        try bytes.write(to: URL(filePath: folder.file("old")))
        let error = try #require(throws: StorageError.self) { try StateFile.open(folder.file("old")) }
        #expect("\(error)".hasSuffix("old is damaged: another version of maws wrote it."))
    }

    @Test func aFilesNameIsTakenAwayFromItselfOnly() throws {
        let folder = try TemporaryFolder()
        let first = try filled(folder)
        let second = try filled(folder)
        first.unlink()
        #expect(try folder.names() == ["state"])
        second.unlink()
        #expect(try folder.names() == [])
    }

    @Test func fileInUseIsRefused() throws {
        let folder = try TemporaryFolder()
        let lock = try FileLock(path: folder.file("lock"))
        let error = try #require(throws: StorageError.self) { try FileLock(path: folder.file("lock")) }
        #expect("\(error)".contains("is in use by another process"))
        withExtendedLifetime(lock) {}
    }

    @Test func diskTooSmallIsAnErrorAtTheStart() throws {
        let folder = try TemporaryFolder()
        var huge = shape
        huge.frozenBytes = 1 << 50
        #expect(throws: StorageError.self) { try StateFile.create(folder.file("state"), content: content, shape: huge) }
        #expect(try folder.names() == [])
    }

    private var content: StateContent {
        StateContent(
            shard: ShardIdentity(index: 1, count: 3), runID: "run", stage: StageIndex(2),
            tableHash: Hash.digest(of: [1]), step: StepIndex(0))
    }

    private func filled(
        _ folder: TemporaryFolder, boot: [UInt8]? = MachineBoot.identity
    ) throws -> StateFile {
        let state = try StateFile.create(folder.file("state"), content: content, shape: shape, boot: boot)
        for index in 0..<shape.frozenBytes / 4 { state.frozen[index] = Float(index) }
        fill(state, bank: 0)
        try state.sealRestored(step: StepIndex(7))
        fill(state, bank: 1, sign: -1)
        return state
    }

    private func fill(_ state: StateFile, bank: Int, sign: Float = 1) {
        for index in 0..<shape.weightBytes / 4 { state.weights(bank: bank)[index] = sign * Float(index) }
        state.slots.initializeMemory(as: UInt8.self, repeating: 0xA5, count: shape.slotBytes)
    }

    private func open(_ bytes: Data, in folder: TemporaryFolder) throws -> StateContent? {
        try bytes.write(to: URL(filePath: folder.file("copy")))
        return try StateFile.open(folder.file("copy"))?.content
    }

    /// Two headers were written between `before` and `after`, one into each slot; each is cut short at every byte.
    private func expectTornHeaders(
        from before: Data, to written: Data, _ after: Data, old: StateContent, new: StateContent,
        _ folder: TemporaryFolder
    ) throws {
        var applied = old
        applied.step = old.step.next
        applied.activeBank = 1 - old.activeBank
        applied.hasReduced = false
        applied.update = StateUpdate(learningRate: 0.5, clipScale: 0.25)
        let newestFirst = try sequence(after, 0) > sequence(after, 4096)
        let firstSlot = newestFirst ? 4096 : 0
        for count in stride(from: 0, through: 512, by: 17) {
            var torn = written
            torn.replaceSubrange(firstSlot..<firstSlot + count, with: after[firstSlot..<firstSlot + count])
            let found = try open(torn, in: folder)
            #expect(found == old || found == applied)
        }
        for count in stride(from: 0, through: 512, by: 17) {
            var torn = after
            let secondSlot = 4096 - firstSlot
            torn.replaceSubrange(
                secondSlot + count..<secondSlot + 512, with: written[secondSlot + count..<secondSlot + 512])
            let found = try open(torn, in: folder)
            #expect(found == applied || found == new)
        }
        #expect(before.count == after.count)
    }

    private func sequence(_ file: Data, _ slot: Int) throws -> UInt64 {
        file[slot + 16..<slot + 24].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
