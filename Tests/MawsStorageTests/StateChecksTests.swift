import Foundation
import MawsBase
import MawsFiles
import MawsState
import Testing

struct StateChecksTests {
    @Test(arguments: StoredSlots.allCases)
    func aFlippedBitOfAnyChunkInAnyAreaIsFoundThereAndNowhereElse(slots: StoredSlots) throws {
        let state = try StoredState(slots, isReduced: true)
        try state.verifyAll()
        for chunk in state.chunks {
            for holding in state.checks.believed(chunk, isDone: true) {
                let (scales, codes) = state.checks.regions(holding.area, chunk)
                for bytes in [scales, codes] where !bytes.isEmpty {
                    for place in [0, bytes.count / 2, bytes.count - 1] {
                        bytes[place] ^= 0x10
                        let found = try #require(throws: StorageError.self) { try state.verifyAll() }
                        #expect(found == state.checks.damage(holding, chunk))
                        bytes[place] ^= 0x10
                    }
                }
            }
        }
        try state.verifyAll()
    }

    @Test(arguments: StoredSlots.allCases)
    func aFlippedBitOfAnyChecksumIsFound(slots: StoredSlots) throws {
        let state = try StoredState(slots, isReduced: true)
        let shape = state.layout.shape
        // A block may have fewer slots than another: what is left of its chunks' room says nothing.
        let trained = state.chunks.filter(\.isTrained).flatMap { chunk in
            (0..<4 * (2 + chunk.slots.count)).map { shape.checksOffset + 4 * shape.checksPerChunk * chunk.number + $0 }
        }
        let places = trained + (0..<4 * shape.frozenChunkCount).map { shape.frozenChecksOffset + $0 }
        for place in places {
            try state.folder.damage("state", at: place)
            #expect(throws: StorageError.self) { try state.verifyAll() }
            try state.folder.damage("state", at: place)
        }
        try state.verifyAll()
    }

    @Test func theGradientCountsOnceItIsSealed() throws {
        let state = try StoredState(.fp32, isReduced: false)
        state.file.weights(bank: 1)[0] *= -1
        try state.verifyAll()
        try state.file.sealReduced()
        let found = try #require(throws: StorageError.self) { try state.verifyAll() }
        #expect(
            "\(found)".hasSuffix(
                "state is damaged: the reduced gradient of block block, chunk 0 (elements 0 to 4095), is not what was "
                    + "written there."))
        try state.file.sealStepDropped()
        try state.verifyAll()
    }

    /// By a thread that reads the file and not the memory.
    @Test(arguments: StoredSlots.allCases)
    func aLookBesideTheWritersFindsDamageAndLeavesWhatTheyChangeToThem(slots: StoredSlots) throws {
        let state = try StoredState(slots, isReduced: true)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 15, alignment: 64)
        defer { buffer.deallocate() }
        for chunk in state.chunks {
            try state.checks.look(at: chunk, with: buffer)
            for holding in state.checks.believed(chunk, isDone: true) {
                let codes = state.checks.regions(holding.area, chunk).codes
                codes[codes.count - 1] ^= 1
                #expect(throws: state.checks.damage(holding, chunk)) { try state.checks.look(at: chunk, with: buffer) }
                try state.file.changes.during { try state.checks.look(at: chunk, with: buffer) }
                codes[codes.count - 1] ^= 1
            }
        }
    }

    /// In the middle of an update: one chunk done, one that a death left half changed, the others untouched.
    @Test(arguments: StoredSlots.allCases)
    func aFlippedBitOfTheJournalIsFoundOrDoesNoHarm(slots: StoredSlots) throws {
        let state = try StoredState(slots, isReduced: true)
        let before = try state.updateUntilDeath()
        let shape = state.layout.shape
        let marks = (0..<4 * shape.chunkCount).map { shape.marksOffset + $0 }
        let copy = shape.lanesOffset + 64..<shape.lanesOffset + shape.laneBytes
        let lane =
            [shape.lanesOffset, shape.lanesOffset + 1]
            + Array(stride(from: copy.lowerBound, to: copy.upperBound, by: 97))
        for place in marks + lane {
            try before.write(to: URL(filePath: state.folder.file("copy")))
            try state.folder.damage("copy", at: place)
            let copy = try state.reopened("copy")
            do {
                try copy.resume()
            } catch let error as StorageError {
                #expect("\(error)".contains("is not what was written there"))
                continue
            }
            #expect(place >= shape.lanesOffset, "a mark was flipped")
            #expect(try copy.everything() == state.everything())
        }
    }

    /// The newest header is damaged, so that the one before it counts, and the file holds no more what that says.
    @Test func aHeaderThatIsOlderThanTheFileIsNotBelieved() throws {
        let state = try StoredState(.fp32, isReduced: true)
        let before = try state.updateUntilDeath()
        for slot in [0, 4096] {
            try before.write(to: URL(filePath: state.folder.file("copy")))
            try state.folder.damage("copy", at: slot + 30)
            let copy = try state.reopened("copy")
            guard copy.file.content.update == nil else { continue }
            let found = try #require(throws: StorageError.self) { try copy.resume() }
            #expect("\(found)".contains("the mark or the copy in the journal of block"))
        }
    }

    /// A death while marks are cleared for the next update: the present version is whole, and so is its gradient.
    @Test func marksThatWereClearedInPartAreNoDamage() throws {
        let (state, next) = (try StoredState(.fp32, isReduced: true), try StoredState(.fp32, isReduced: true))
        try next.file.sealUpdating(StateUpdate(learningRate: 0.5, clipScale: 0.25))
        let (whole, cleared) = (try state.bytes(), try next.bytes())
        let shape = state.layout.shape
        for count in stride(from: 0, through: 4 * shape.chunkCount, by: 4) {
            let marks = shape.marksOffset..<shape.marksOffset + count
            var torn = whole
            torn.replaceSubrange(marks, with: cleared[marks])
            try torn.write(to: URL(filePath: state.folder.file("copy")))
            let copy = try state.reopened("copy")
            #expect(copy.file.content.hasReduced)
            try copy.resume()
        }
    }
}

/// Pieces of a state that are whole in themselves, where they do not belong.
struct StatePlaceTests {
    /// A chunk's numbers in one area, with their checksum.
    @Test(arguments: StoredSlots.allCases)
    func aChunkOfAnOlderVersionIsNotBelieved(slots: StoredSlots) throws {
        let state = try StoredState(slots, isReduced: true)
        let older = try state.bytes()
        _ = try state.updateUntilDeath()
        try state.makeGradient()
        let present = try state.bytes()
        for chunk in state.chunks where chunk.isTrained {
            for holding in state.checks.believed(chunk, isDone: true) {
                state.put(older, holding.area, chunk)
                let found = try #require(throws: StorageError.self) { try state.verifyAll() }
                #expect(found == state.checks.damage(holding, chunk))
                state.put(present, holding.area, chunk)
            }
        }
        try state.verifyAll()
    }

    /// Two chunks of one area and length change places, with their checksums.
    @Test(arguments: StoredSlots.allCases)
    func exchangedChunksAreNotBelieved(slots: StoredSlots) throws {
        let state = try StoredState(slots, isReduced: true)
        let trained = state.chunks.filter { $0.isTrained && $0.range.count == ShardLayout.chunkLength }
        let (first, second) = (trained[0], trained[1])
        #expect(first.range.count == second.range.count)
        let present = try state.bytes()
        for area in [StateArea.bank(0), .bank(1), .slot(0), .slot(1)] {
            guard state.checks.regions(area, first).scales.count == state.checks.regions(area, second).scales.count
            else { continue }
            state.put(present, area, first, at: second)
            state.put(present, area, second, at: first)
            #expect(throws: StorageError.self) { try state.verifyAll() }
            state.put(present, area, first)
            state.put(present, area, second)
        }
        try state.verifyAll()
    }

    @Test func aGradientOfTheSameStepThatWasDroppedIsNotBelieved() throws {
        let state = try StoredState(.fp32, isReduced: true)
        let older = try state.bytes()
        try state.file.sealStepDropped()
        try state.makeGradient()
        try state.verifyAll()
        let chunk = try #require(state.chunks.first { $0.isTrained })
        state.put(older, .bank(1), chunk)
        #expect(throws: state.checks.damage(state.file.content.gradient, chunk)) { try state.verifyAll() }
    }

    /// The same version, stage and table: made again from a checkpoint, or by another run.
    @Test func aChunkOfAnotherFileIsNotBelieved() throws {
        let (state, other) = (try StoredState(.fp32, isReduced: true), try StoredState(.fp32, isReduced: true))
        let foreign = try other.bytes()
        for chunk in state.chunks {
            let holding = try #require(state.checks.believed(chunk, isDone: true).first)
            let present = try state.bytes()
            state.put(foreign, holding.area, chunk)
            #expect(throws: state.checks.damage(holding, chunk)) { try state.verifyAll() }
            state.put(present, holding.area, chunk)
        }
    }

    /// A skipped step's moments are those of the version before it, and the next version's from then on.
    @Test func momentsThatAStepPassesOnAreOfTheNextVersion() throws {
        let state = try StoredState(.fp32, isReduced: true)
        let chunk = try #require(state.chunks.first { $0.isTrained })
        let next = StateHolding.slot(0, StoredState.version.next)
        #expect(throws: StorageError.self) { try state.checks.verify(next, chunk) }
        state.checks.pass(.slot(0, StoredState.version), on: next, chunk)
        try state.checks.verify(next, chunk)
        #expect(throws: StorageError.self) { try state.checks.verify(.slot(0, StoredState.version), chunk) }
    }
}
