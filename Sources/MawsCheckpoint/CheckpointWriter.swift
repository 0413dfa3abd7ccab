import Glibc
import MawsBase
import MawsFiles
import Synchronization

/// A checkpoint in the making: a folder `<name>.partial` that gets its name when everything in it is durable.
///
/// Any thread may write. After an error the folder is gone and every later call throws that error again.
package final class CheckpointWriter: Sendable {
    private struct State {
        /// Elements written so far, by block and part.
        var written: [[WeightPart: [Range<Int>]]]
        var failure: (any Error)?
        var isFinished = false
    }

    private let store: CheckpointStore
    private let header: CheckpointHeader
    private let layout: CheckpointLayout
    private let weights: OpenFile
    private let optimizer: OpenFile
    private let state: Mutex<State>

    private var partial: String { store.partialPath(header.name) }

    init(store: CheckpointStore, header: CheckpointHeader, isBeginning: Bool) throws {
        self.store = store
        self.header = header
        let layout = CheckpointLayout(header.table)
        self.layout = layout
        var written = [[WeightPart: [Range<Int>]]](repeating: [:], count: header.table.blocks.count)
        if isBeginning {
            for (index, block) in header.table.blocks.enumerated() {
                for slot in block.slots where slot.rule.startsAtZero {
                    written[index][.slot(slot.name)] = [0..<block.count]
                }
            }
        }
        state = Mutex(State(written: written))
        let partial = store.partialPath(header.name)
        try Folder.remove(partial)
        try Folder.make(partial)
        do {
            weights = try Self.create(.weights, in: partial, layout, isHole: false)
            optimizer = try Self.create(.optimizer, in: partial, layout, isHole: isBeginning)
        } catch {
            try? Folder.remove(partial)
            throw error
        }
    }

    deinit { abandon() }

    /// Puts a slice of a block in its place.
    ///
    /// - Parameters:
    ///   - range: elements of the block; slots of 8 bits are cut where their groups end.
    ///   - bytes: weights as little-endian fp32, slots as the table says.
    package func write(_ part: WeightPart, block: Int, range: Range<Int>, bytes: UnsafeRawBufferPointer) throws {
        try checkOpen()
        guard let (file, areas) = layout.position(part: part, block: block, range: range),
            bytes.count == areas.reduce(0, { $0 + $1.count })
        else {
            throw StorageError.unknown(
                checkpoint: header.name, what: "\(bytes.count) bytes for elements \(range) of \(part) in block \(block)"
            )
        }
        do {
            var start = 0
            for area in areas {
                let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<start + area.count])
                try (file == .weights ? weights : optimizer).write(piece, at: area.lowerBound)
                start += area.count
            }
        } catch {
            fail(error)
            throw error
        }
        state.withLock { $0.written[block][part, default: []].append(range) }
    }

    /// Makes everything durable, hashes it, writes the manifest, gives the folder its name and moves `latest` to it.
    package func finish() throws -> Checkpoint {
        try checkOpen()
        do {
            try checkCoverage()
            let hashes = try CheckpointHashes(layout, weights: weights, optimizer: optimizer)
            try weights.synchronize()
            try optimizer.synchronize()
            let manifest = try CheckpointManifest(header: header, hashes: hashes)
            try AtomicFile.write(try manifest.encoded(), to: "\(partial)/manifest.json")
            try store.publish(manifest)
            state.withLock { $0.isFinished = true }
        } catch {
            fail(error)
            throw error
        }
        return try store.open(header.name)
    }

    /// Removes the unfinished folder. Nothing to do after `finish`.
    package func abandon() { fail(StorageError.incomplete(checkpoint: header.name, reason: "it was abandoned")) }

    /// What is finished is hashed and is not written to any more.
    private func checkOpen() throws {
        let (failure, isFinished) = state.withLock { ($0.failure, $0.isFinished) }
        if let failure { throw failure }
        if isFinished { throw StorageError.incomplete(checkpoint: header.name, reason: "it is finished already") }
    }

    private func fail(_ error: any Error) {
        let isFirst = state.withLock { state in
            guard !state.isFinished, state.failure == nil else { return false }
            state.failure = error
            return true
        }
        // What cannot be removed now is removed when the next checkpoint begins.
        if isFirst { try? Folder.remove(partial) }
    }

    /// Every element of every part exactly once.
    private func checkCoverage() throws {
        let written = state.withLock { $0.written }
        for (block, part) in layout.parts {
            let ranges = written[block][part, default: []].filter { !$0.isEmpty }
            var end = 0
            for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
                if range.lowerBound != end { break }
                end = range.upperBound
            }
            let whole = header.table.blocks[block]
            let sum = ranges.reduce(0) { $0 + $1.count }
            if end != whole.count || sum != whole.count {
                let reason = "\(part) of block \(whole.name) has \(sum) of \(whole.count) elements, whole up to \(end)"
                throw StorageError.incomplete(checkpoint: header.name, reason: reason)
            }
        }
    }

    private static func create(
        _ file: CheckpointLayout.File, in folder: String, _ layout: CheckpointLayout, isHole: Bool
    ) throws -> OpenFile {
        let created = try OpenFile(
            "\(folder)/\(file.rawValue)", flags: O_RDWR | O_CREAT | O_TRUNC, action: "write")
        let size = layout.file(file).size
        if isHole { try created.resize(size) } else { try created.reserve(size) }
        try layout.file(file).header.withUnsafeBytes { try created.write($0, at: 0) }
        return created
    }
}
