import Foundation
import MawsBase
import MawsHash
import MawsStorage
import Testing

struct StateFileTests {
    private let shape = StateShape(frozenCount: 5, trainableCount: 1500)

    @Test func stateIsThereWhenReopened() throws {
        let folder = try TemporaryFolder()
        try filled(folder).sealReduced()
        let state = try #require(try StateFile.open(folder.file("state")))
        #expect(state.content.runID == "run")
        #expect(state.content.step == StepIndex(7))
        #expect(state.content.hasReduced)
        #expect(state.shape == shape)
        #expect(state.frozen[4] == 4)
        #expect(state.trainable(.secondMoment, bank: 0)[1499] == 2 + 1499)
        #expect(state.reduced[1499] == -1499)
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
            try state.sealApplied()
            try state.sealReduced()
            let after = try Data(contentsOf: URL(filePath: folder.file("state")))
            try expectTornHeaders(from: before, to: written, after, old: old, new: state.content, folder)
        }
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

    @Test func fileInUseIsRefused() throws {
        let folder = try TemporaryFolder()
        let lock = try FileLock(path: folder.file("lock"))
        let error = try #require(throws: StorageError.self) { try FileLock(path: folder.file("lock")) }
        #expect("\(error)".contains("is in use by another process"))
        withExtendedLifetime(lock) {}
    }

    @Test func diskTooSmallIsAnErrorAtTheStart() throws {
        let folder = try TemporaryFolder()
        let huge = StateShape(frozenCount: 1 << 50, trainableCount: 0)
        #expect(throws: StorageError.self) { try StateFile.create(folder.file("state"), content: content, shape: huge) }
        #expect(try folder.names() == [])
    }

    private var content: StateContent {
        StateContent(
            shard: ShardIdentity(index: 1, count: 3), runID: "run", stage: StageIndex(2),
            tableHash: Hash.digest(of: [1]), step: StepIndex(0))
    }

    private func filled(_ folder: TemporaryFolder) throws -> StateFile {
        let state = try StateFile.create(folder.file("state"), content: content, shape: shape)
        for index in 0..<shape.frozenCount { state.frozen[index] = Float(index) }
        fill(state, bank: 0)
        try state.sealRestored(step: StepIndex(7))
        for index in 0..<shape.trainableCount { state.reduced[index] = -Float(index) }
        return state
    }

    private func fill(_ state: StateFile, bank: Int) {
        for kind in TensorKind.allCases {
            for index in 0..<shape.trainableCount {
                state.trainable(kind, bank: bank)[index] = Float(kind.rawValue) + Float(index)
            }
        }
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
