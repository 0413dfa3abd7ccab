import Foundation
import MawsBase
import MawsFiles
import MawsState
import Testing

/// A process dies while a chunk is changed in place, after any of its stores: the next process finishes the update to
/// the bits of one that nobody interrupted.
struct JournalCutTests {
    /// The file as it was before the change of a chunk, in the middle and behind it. What is in memory at a death is
    /// made of these, as stores are there in the order of the program.
    private struct Moments {
        let before: Data
        let changed: Data
        let after: Data
    }

    @Test(arguments: StoredSlots.allCases)
    func anUpdateThatIsCutAnywhereIsFinishedToTheSameBits(slots: StoredSlots) throws {
        let state = try StoredState(slots, isReduced: true)
        let moments = try update(state, stoppingAt: 1)
        let whole = try state.everything()
        var count = 0
        for (place, torn) in cuts(moments, state, chunk: 1) {
            try torn.write(to: URL(filePath: state.folder.file("copy")))
            let copy = try state.reopened("copy")
            try copy.resume()
            #expect(try copy.everything() == whole, "cut \(place)")
            #expect(copy.file.content == state.file.content)
            count += 1
        }
        #expect(count > 15)
    }

    /// A copy that was cut before its chunk was marked is nobody's: it is not put back over what is whole.
    @Test func aCopyWithoutAMarkIsNotPutBack() throws {
        let state = try StoredState(.fp32, isReduced: true)
        let moments = try update(state, stoppingAt: 1)
        let shape = state.layout.shape
        var torn = moments.before
        // The copy of another chunk altogether, under this chunk's number.
        let lane = shape.lanesOffset..<shape.lanesOffset + shape.laneBytes
        torn.replaceSubrange(lane, with: moments.changed[lane])
        for place in stride(from: lane.lowerBound + 64, to: lane.upperBound, by: 13) { torn[place] ^= 0xFF }
        try torn.write(to: URL(filePath: state.folder.file("copy")))
        let copy = try state.reopened("copy")
        try copy.resume()
        #expect(try copy.everything() == state.everything())
    }

    /// The first process dies in a chunk that its first lane holds. The second one puts it back, takes it up on another
    /// lane, and dies while the first lane copies the next chunk over the old copy.
    @Test(arguments: StoredSlots.allCases)
    func aSecondDeathFindsNoLaneThatHoldsAnotherChunkThanItSays(slots: StoredSlots) throws {
        let state = try StoredState(slots, isReduced: true)
        let moments = try update(state, stoppingAt: 1)
        let whole = try state.everything()
        try moments.changed.write(to: URL(filePath: state.folder.file("second")))
        let second = try state.reopened("second")
        #expect(second.file.journal.restore { second.areas(second.layout.chunk($0, isTrained: true)) } == nil)
        let restored = try second.bytes()
        let (first, next) = (second.layout.chunk(1, isTrained: true), second.layout.chunk(2, isTrained: true))
        var torn = Data()
        try second.update(first, lane: 1) {
            try second.update(next, lane: 0) { torn = try second.bytes() }
        }
        // The next chunk is copied, and neither is that said nor the chunk marked or changed.
        let shape = second.layout.shape
        let unsaid =
            [shape.lanesOffset..<shape.lanesOffset + 8, shape.marksOffset + 8..<shape.marksOffset + 12]
            + second.areas(next).filter { !$0.isEmpty }.map { second.place(of: $0) }
        for bytes in unsaid { torn.replaceSubrange(bytes, with: restored[bytes]) }
        try torn.write(to: URL(filePath: state.folder.file("third")))
        let third = try state.reopened("third")
        try third.resume()
        #expect(try third.everything() == whole)
    }

    @Test func aLaneThatNamesNoChunkOfTheStateIsLeftAlone() throws {
        let state = try StoredState(.int8, isReduced: true)
        let moments = try update(state, stoppingAt: 1)
        let shape = state.layout.shape
        for number in [UInt64(shape.chunkCount + 1), .max] {
            var torn = moments.changed
            let second = shape.lanesOffset + shape.laneBytes
            torn.replaceSubrange(second..<second + 8, with: withUnsafeBytes(of: number) { Data($0) })
            try torn.write(to: URL(filePath: state.folder.file("copy")))
            let copy = try state.reopened("copy")
            try copy.resume()
            #expect(try copy.everything() == state.everything())
        }
    }

    /// Does a whole update and keeps what the file was around the change of one chunk.
    private func update(_ state: StoredState, stoppingAt number: Int) throws -> Moments {
        var (before, changed, after) = (Data(), Data(), Data())
        try state.file.sealUpdating(StateUpdate(learningRate: 0.5, clipScale: 0.25))
        for chunk in state.chunks where chunk.isTrained {
            if chunk.number == number { before = try state.bytes() }
            try state.update(chunk, atTheEnd: { if chunk.number == number { changed = try state.bytes() } }, {})
            if chunk.number == number { after = try state.bytes() }
        }
        try state.file.sealApplied()
        return Moments(before: before, changed: changed, after: after)
    }

    /// What a death leaves while the chunk is copied, after its lane and its mark are written, while its areas are
    /// changed, and after it is marked as done; each with the number of bytes that were stored in the last of these.
    private func cuts(_ moments: Moments, _ state: StoredState, chunk number: Int) -> [(String, Data)] {
        let shape = state.layout.shape
        let (head, lane) = (shape.lanesOffset..<shape.lanesOffset + 8, shape.lanesOffset + 64)
        let mark = shape.marksOffset + 4 * number..<shape.marksOffset + 4 * number + 4
        var file = moments.before
        var cuts: [(String, Data)] = []
        let store = { (name: String, bytes: Range<Int>, source: Data, grain: Int) in
            for start in stride(from: bytes.lowerBound, to: bytes.upperBound, by: grain) {
                cuts.append(("\(name), byte \(start - bytes.lowerBound)", file))
                let part = start..<min(start + grain, bytes.upperBound)
                file.replaceSubrange(part, with: source[part])
            }
        }
        store("copy", lane..<shape.lanesOffset + shape.laneBytes, moments.changed, 9001)
        store("lane", head, moments.changed, 8)
        store("mark", mark, moments.changed, 4)
        for area in state.areas(state.layout.chunk(number, isTrained: true)) where !area.isEmpty {
            store("area", state.place(of: area), moments.changed, max(4, area.count / 5))
        }
        store("done", mark, moments.after, 4)
        return cuts + [("after all", file)]
    }
}
