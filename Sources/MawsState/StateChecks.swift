import MawsBase
import MawsFiles

/// The checksums of a state: CRC-32C of each chunk in each area, kept in the state file beside it. Whoever writes a
/// chunk renews its checksum, whoever reads it to build on it verifies it first: damage that the disk, the memory or
/// another program did is found before it becomes part of a weight.
///
/// Each is salted with what the chunk is meant to hold, at which version, in which file (`StateHolding`): a piece of an
/// older copy of the file, or of another place in it, agrees with its own checksums and with no others. What it is
/// meant to hold is known from the header, of which a running process believes its own memory and not the file.
package struct StateChecks {
    private let file: StateFile
    private let layout: StateLayout

    package init(_ file: StateFile, _ layout: StateLayout) {
        self.file = file
        self.layout = layout
    }

    /// The chunk's numbers in an area; slots may have scales, weights have codes alone.
    package func regions(
        _ area: StateArea, _ chunk: StateChunk
    ) -> (scales: UnsafeMutableRawBufferPointer, codes: UnsafeMutableRawBufferPointer) {
        switch area {
        case .frozen: (Self.none, Self.region(file.frozen, chunk.weights))
        case .bank(let number): (Self.none, Self.region(file.weights(bank: number), chunk.weights))
        case .slot(let number):
            (Self.region(file.slots, chunk.slots[number].scales), Self.region(file.slots, chunk.slots[number].codes))
        }
    }

    /// A trained chunk's checksums in all areas.
    package func entry(_ chunk: StateChunk) -> UnsafeMutableRawBufferPointer {
        precondition(chunk.isTrained)
        return UnsafeMutableRawBufferPointer(
            start: file.checks + file.shape.checksPerChunk * chunk.number, count: 4 * file.shape.checksPerChunk)
    }

    /// The chunk holds this, as it is meant to.
    package func renew(_ holding: StateHolding, _ chunk: StateChunk) {
        place(holding.area, chunk).pointee = checksum(regions(holding.area, chunk)) ^ salt(holding, chunk)
    }

    /// What the chunk holds is as good for another version, if it was for the one before.
    package func pass(_ holding: StateHolding, on next: StateHolding, _ chunk: StateChunk) {
        place(holding.area, chunk).pointee ^= salt(holding, chunk) ^ salt(next, chunk)
    }

    /// The slots of a new file are zero, and those of version 0; their pages stay untouched.
    package func renewZeroSlots() {
        var zeros: [Int: UInt32] = [:]
        for block in layout.trainedBlocks {
            for element in layout.chunkElements(block) {
                let chunk = layout.chunk(block, at: element)
                for (number, slot) in chunk.slots.enumerated() {
                    let count = slot.scales.count + slot.codes.count
                    let checksum = zeros[count] ?? CRC32C.checksum([UInt8](repeating: 0, count: count))
                    zeros[count] = checksum
                    let holding = StateHolding.slot(number, StepIndex(0))
                    place(holding.area, chunk).pointee = checksum ^ salt(holding, chunk)
                }
            }
        }
    }

    /// Throws `damaged` where the chunk does not hold what was written.
    package func verify(_ holding: StateHolding, _ chunk: StateChunk) throws(StorageError) {
        if checksum(regions(holding.area, chunk)) ^ salt(holding, chunk) != place(holding.area, chunk).pointee {
            throw damage(holding, chunk)
        }
    }

    /// The same for a whole slice of a block.
    package func verify(_ holding: StateHolding, block: Int) throws(StorageError) {
        for element in layout.chunkElements(block) { try verify(holding, layout.chunk(block, at: element)) }
    }

    /// The checksum of what the chunk holds, for a copy of it.
    func value(_ area: StateArea, _ chunk: StateChunk) -> UInt32 { place(area, chunk).pointee }

    /// Whether a copy of the chunk is what had this checksum.
    func fits(
        _ copy: (scales: UnsafeMutableRawBufferPointer, codes: UnsafeMutableRawBufferPointer), _ holding: StateHolding,
        _ chunk: StateChunk, _ value: UInt32
    ) -> Bool { checksum(copy) ^ salt(holding, chunk) == value }

    /// What a next process would believe of this chunk, and a running one reads.
    package func believed(_ chunk: StateChunk, isDone: Bool) -> [StateHolding] {
        guard chunk.isTrained else { return [.frozen] }
        let content = file.content
        guard let update = content.update else {
            return [content.weights] + content.slots(of: chunk) + (content.hasReduced ? [content.gradient] : [])
        }
        if isDone { return content.slots(of: chunk) + [content.weights] }
        // What is not done yet is made of the old weights, and of the gradient unless the step is skipped.
        let sources = [content.weightsBefore] + (update.clipScale == 0 ? [] : [content.gradientBefore])
        return content.slotsBefore(of: chunk) + sources
    }

    /// Looks at a chunk beside those who change the state, and without bringing its pages into this process. What is
    /// changed meanwhile is left to those who change it.
    ///
    /// - Parameter buffer: room for a chunk in any area.
    package func look(at chunk: StateChunk, with buffer: UnsafeMutableRawBufferPointer) throws {
        guard let stamp = file.changes.stamp(), file.content.update == nil else { return }
        for holding in believed(chunk, isDone: true) {
            let (scales, codes) = regions(holding.area, chunk)
            let copies = (
                scales: UnsafeMutableRawBufferPointer(rebasing: buffer[..<scales.count]),
                codes: UnsafeMutableRawBufferPointer(rebasing: buffer[scales.count..<scales.count + codes.count])
            )
            try file.read(UnsafeRawPointer(codes.baseAddress!), into: copies.codes)
            if !scales.isEmpty { try file.read(UnsafeRawPointer(scales.baseAddress!), into: copies.scales) }
            if fits(copies, holding, chunk, value(holding.area, chunk)) { continue }
            guard !chunk.isTrained || file.changes.isUnchanged(since: stamp) else { return }
            throw damage(holding, chunk)
        }
    }

    package func damage(_ holding: StateHolding, _ chunk: StateChunk) -> StorageError {
        damage("the \(name(holding, chunk))", chunk)
    }

    /// - Parameter what: of the chunk is not to be believed.
    package func damage(_ what: String, _ chunk: StateChunk) -> StorageError {
        let elements = "elements \(chunk.range.lowerBound) to \(chunk.range.upperBound - 1)"
        let number = (chunk.range.lowerBound - layout.slices[chunk.block].lowerBound) / ShardLayout.chunkLength
        return .damaged(
            path: file.path,
            reason: "\(what) of block \(layout.table.blocks[chunk.block].name), chunk \(number) (\(elements)), "
                + "is not what was written there")
    }

    private func name(_ holding: StateHolding, _ chunk: StateChunk) -> String {
        switch (holding.content, holding.area) {
        case (_, .slot(let number)): return "slot \(layout.table.blocks[chunk.block].slots[number].name)"
        case (.frozen, _): return "frozen part"
        case (.gradient, _): return "reduced gradient"
        default: break
        }
        let content = file.content
        guard holding.version == content.step else { return "weight of the version before" }
        return content.update == nil ? "weight" : "next weight"
    }

    private func salt(_ holding: StateHolding, _ chunk: StateChunk) -> UInt32 {
        holding.salt(chunk, nonce: file.nonce)
    }

    private func place(_ area: StateArea, _ chunk: StateChunk) -> UnsafeMutablePointer<UInt32> {
        chunk.isTrained
            ? file.checks + file.shape.checksPerChunk * chunk.number + area.checkIndex
            : file.frozenChecks + chunk.number
    }

    private func checksum(
        _ regions: (scales: UnsafeMutableRawBufferPointer, codes: UnsafeMutableRawBufferPointer)
    ) -> UInt32 {
        var checksum = CRC32C()
        checksum.add(UnsafeRawBufferPointer(regions.scales).bytes)
        checksum.add(UnsafeRawBufferPointer(regions.codes).bytes)
        return checksum.value
    }

    private static var none: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: nil, count: 0) }

    private static func region(_ area: UnsafeMutableRawPointer, _ bytes: Range<Int>) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: area + bytes.lowerBound, count: bytes.count)
    }

    private static func region(
        _ area: UnsafeMutablePointer<Float>, _ bytes: Range<Int>
    ) -> UnsafeMutableRawBufferPointer { region(UnsafeMutableRawPointer(area), bytes) }
}
