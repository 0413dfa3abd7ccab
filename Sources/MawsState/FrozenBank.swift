import Glibc
import MawsBase
import MawsFiles
import Synchronization

/// Copies of the chunks of a version that a checkpoint is made of and that updates overwrite, with their checksums.
///
/// They lie in a file without a name, of which nothing is left when its owner or the process ends. It takes as much of
/// the disk as was copied and is not released yet; on it, not in memory, since a state is as large as what is frozen of
/// it.
package final class FrozenBank: @unchecked Sendable {
    private let file: OpenFile
    private let layout: StateLayout
    private let checks: StateChecks
    /// As in the state file; of what was copied.
    private let checksums: Mutex<[UInt32]>

    /// - Parameters:
    ///   - path: what the file is called for a moment.
    ///   - checks: of the state whose chunks are copied.
    package init(_ path: String, _ layout: StateLayout, _ checks: StateChecks) throws {
        if Glibc.unlink(path) != 0 && errno != ENOENT { throw StorageError.last("replace", path) }
        file = try OpenFile(path, flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o600, action: "write")
        _ = Glibc.unlink(path)
        (self.layout, self.checks) = (layout, checks)
        checksums = Mutex(Array(repeating: 0, count: layout.shape.checksPerChunk * layout.shape.chunkCount))
        try file.resize(layout.shape.weightBytes + layout.shape.slotBytes)
    }

    /// Copies what the chunk holds, which was verified. Any thread may.
    package func keep(_ holding: StateHolding, _ chunk: StateChunk) throws {
        let (regions, places) = (checks.regions(holding.area, chunk), places(holding.area, chunk))
        try file.write(UnsafeRawBufferPointer(regions.codes), at: places.codes.lowerBound)
        if !places.scales.isEmpty {
            try file.write(UnsafeRawBufferPointer(regions.scales), at: places.scales.lowerBound)
        }
        let checksum = checks.value(holding.area, chunk)
        checksums.withLock { $0[index(holding.area, chunk)] = checksum }
    }

    /// A block's slice as it was kept. Throws `damaged` where it is not what was copied, or was not.
    package func read(_ holding: StateHolding, block: Int) throws -> [UInt8] {
        let place = place(holding.area, block: block)
        var bytes = [UInt8](repeating: 0, count: place.count)
        try bytes.withUnsafeMutableBytes { bytes in
            try file.read(into: bytes, at: place.lowerBound)
            for element in layout.chunkElements(block) {
                let chunk = layout.chunk(block, at: element)
                let (scales, codes) = places(holding.area, chunk)
                let copy = (
                    scales: UnsafeMutableRawBufferPointer(rebasing: bytes[Self.moved(scales, place)]),
                    codes: UnsafeMutableRawBufferPointer(rebasing: bytes[Self.moved(codes, place)])
                )
                let checksum = checksums.withLock { $0[index(holding.area, chunk)] }
                guard checks.fits(copy, holding, chunk, checksum) else { throw damage(chunk, holding.area) }
            }
        }
        return bytes
    }

    /// Gives the disk back what a block's slice takes in an area.
    package func release(_ area: StateArea, block: Int) { file.release(place(area, block: block)) }

    private func damage(_ chunk: StateChunk, _ area: StateArea) -> StorageError {
        let block = layout.table.blocks[chunk.block]
        let what =
            if case .slot(let number) = area { "slot \(block.slots[number].name)" } else { "weight" }
        return .damaged(
            path: file.path,
            reason: "the copy of the \(what) of block \(block.name) at element \(chunk.range.lowerBound) is not what "
                + "was copied")
    }

    private func index(_ area: StateArea, _ chunk: StateChunk) -> Int {
        layout.shape.checksPerChunk * chunk.number + area.checkIndex
    }

    /// Bytes of the file; weights come first.
    private func places(_ area: StateArea, _ chunk: StateChunk) -> (scales: Range<Int>, codes: Range<Int>) {
        guard case .slot(let number) = area else { return (0..<0, chunk.weights) }
        let (slot, start) = (chunk.slots[number], layout.shape.weightBytes)
        return (Self.moved(slot.scales, by: start), Self.moved(slot.codes, by: start))
    }

    private func place(_ area: StateArea, block: Int) -> Range<Int> {
        guard case .slot(let number) = area else {
            let start = 4 * layout.weightOffsets[block]
            return start..<start + 4 * layout.slices[block].count
        }
        let place = layout.slots[block][number]
        let start = layout.shape.weightBytes + place.offset
        return start..<start + place.layout.byteCount(layout.slices[block])
    }

    private static func moved(_ bytes: Range<Int>, by count: Int) -> Range<Int> {
        bytes.lowerBound + count..<bytes.upperBound + count
    }

    /// Within a place; nothing stays nothing.
    private static func moved(_ bytes: Range<Int>, _ place: Range<Int>) -> Range<Int> {
        bytes.isEmpty ? 0..<0 : moved(bytes, by: -place.lowerBound)
    }
}
