import Foundation
import MawsBase
import MawsCheckpoint
import MawsFiles
import Synchronization
import Testing

/// A checkpoint in the making takes what belongs to it, once, until it is finished or given up.
struct CheckpointWriterTests {
    private let stored: StoredCheckpoint

    init() throws { stored = try StoredCheckpoint() }

    private func write(
        _ writer: CheckpointWriter, _ range: Range<Int>, of part: WeightPart = .weight, block: Int = 1,
        bytes count: Int? = nil
    ) throws {
        let bytes = [UInt8](repeating: 9, count: count ?? 4 * range.count)
        try bytes.withUnsafeBytes { try writer.write(part, block: block, range: range, bytes: $0) }
    }

    @Test func whatItsTableDoesNotHaveIsRefusedByNameAndDoesNoHarm() throws {
        let writer = try stored.store.begin(StoredCheckpoint.header(step: 1))
        for (part, block, range) in [
            (WeightPart.weight, 2, 0..<1), (.weight, -1, 0..<1), (.weight, 1, 10..<17), (.weight, 1, -1..<3),
            (.slot("exp_avg"), 0, 0..<6), (.slot("momentum_buffer"), 1, 0..<16),
        ] {
            let error = try #require(throws: StorageError.self) { try write(writer, range, of: part, block: block) }
            #expect("\(error)".contains("checkpoint mae-1 has no") && "\(error)".contains("in block \(block)"))
        }
        #expect(throws: StorageError.self) { try write(writer, 0..<16, bytes: 63) }
        try StoredCheckpoint.fill(writer)
        try writer.finish().verify()
    }

    @Test func slicesThatOverlapOrLeaveAGapAreRefused() throws {
        for (slices, reason) in [
            ([0..<9, 8..<16], "has 17 of 16 elements, whole up to 9"),
            ([0..<8, 9..<16], "has 15 of 16 elements, whole up to 8"),
            ([1..<16], "has 15 of 16 elements, whole up to 0"), ([0..<16, 3..<4], "has 17 of 16 elements"),
        ] {
            let writer = try stored.store.begin(StoredCheckpoint.header(step: 1))
            try write(writer, 0..<6, block: 0)
            for slot in ["exp_avg", "exp_avg_sq"] { try write(writer, 0..<16, of: .slot(slot)) }
            for slice in slices { try write(writer, slice) }
            let error = try #require(throws: StorageError.self) { try writer.finish() }
            #expect("\(error)".contains("weight of block block.0 \(reason)"))
            #expect(try stored.folder.names() == [])
        }
    }

    @Test func emptySlicesAreNoGapAndNoneTwice() throws {
        let writer = try stored.store.begin(StoredCheckpoint.header(step: 1))
        try StoredCheckpoint.fill(writer)
        for place in [0, 7, 16] { try write(writer, place..<place) }
        try writer.finish().verify()
    }

    /// A slice that comes late, of an attempt that was thought lost, does not change what is finished and hashed.
    @Test func whatComesAfterTheEndIsRefusedAndChangesNothing() throws {
        let writer = try stored.store.begin(StoredCheckpoint.header(step: 1))
        try StoredCheckpoint.fill(writer)
        let checkpoint = try writer.finish()
        let error = try #require(throws: StorageError.self) { try write(writer, 0..<16) }
        #expect("\(error)".contains("it is finished"))
        #expect(throws: StorageError.self) { try writer.finish() }
        try checkpoint.verify()
        writer.abandon()
        try stored.store.open("mae-1").verify()
    }

    @Test func whatIsGivenUpIsGoneAndSaysSoAgain() throws {
        let writer = try stored.store.begin(StoredCheckpoint.header(step: 1))
        #expect(try stored.folder.names() == ["mae-1.partial"])
        writer.abandon()
        #expect(try stored.folder.names() == [])
        for _ in 0..<2 {
            let error = try #require(throws: StorageError.self) { try write(writer, 0..<16) }
            #expect("\(error)".contains("it was abandoned"))
        }
        #expect(throws: StorageError.self) { try writer.finish() }
    }

    @Test func whoeverLosesItGivesItUp() throws {
        do {
            let writer = try stored.store.begin(StoredCheckpoint.header(step: 1))
            try write(writer, 0..<16)
        }
        #expect(try stored.folder.names() == [])
    }

    /// The disk is asked for everything before the first slice comes.
    @Test func aDiskThatHasNoRoomIsToldAtTheBeginning() throws {
        try stored.write(step: 1)
        let error = try #require(throws: StorageError.self) {
            try stored.store.begin(StoredCheckpoint.header(step: 2, longest: 1 << 48))
        }
        #expect("\(error)".contains("mae-2.partial/weights.safetensors") && !error.isDamage)
        #expect(try stored.folder.names() == ["latest", "mae-1"])
    }

    /// Slots that begin at zero take no place; weights do.
    @Test func theBeginningOfAStageTakesNoPlaceForSlots() throws {
        let header = StoredCheckpoint.header(step: 0, longest: 1 << 20)
        let writer = try stored.store.begin(header, isBeginning: true)
        for (index, block) in header.table.blocks.enumerated() { try write(writer, 0..<block.count, block: index) }
        let checkpoint = try writer.finish()
        try checkpoint.verify()
        let taken = { (name: String) in
            var status = stat()
            try #require(stat(stored.folder.file("mae-0/\(name).safetensors"), &status) == 0)
            return Int(status.st_blocks) * 512
        }
        #expect(try taken("weights") >= 4 << 20)
        #expect(try taken("optimizer") < 1 << 16)
        #expect(try stored.folder.size("mae-0/optimizer.safetensors") > 8 << 20)
    }

    /// Slices of many servers, each from a thread of its own.
    @Test func threadsWriteBesideEachOther() throws {
        let header = StoredCheckpoint.header(step: 1, longest: 4000)
        let writer = try stored.store.begin(header)
        let failures = Mutex(0)
        let pieces = 40
        DispatchQueue.concurrentPerform(iterations: pieces) { piece in
            for (index, block) in header.table.blocks.enumerated() {
                let range = block.count * piece / pieces..<block.count * (piece + 1) / pieces
                let values = range.map { Float($0) }
                for part in block.parts {
                    let isWritten: Void? = values.withUnsafeBytes {
                        try? writer.write(part, block: index, range: range, bytes: $0)
                    }
                    if isWritten == nil { failures.withLock { $0 += 1 } }
                }
            }
        }
        #expect(failures.withLock { $0 } == 0)
        let checkpoint = try writer.finish()
        try checkpoint.verify()
        #expect(try checkpoint.tensor(named: "blocks.0.weight")?.values == (0..<4000).map(Float.init))
    }
}
