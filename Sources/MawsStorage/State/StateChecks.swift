import MawsBase

/// The checksums of a state: CRC-32C of each chunk in each area, kept in the state file beside it. Whoever writes a
/// chunk renews its checksum, whoever reads it to build on it verifies it first: damage that the disk, the memory or
/// another program did is found before it becomes part of a weight.
package struct StateChecks {
    private let file: StateFile
    private let layout: StateLayout

    package init(_ file: StateFile, _ layout: StateLayout) {
        self.file = file
        self.layout = layout
    }

    /// The chunk's numbers in an area; moments have scales and codes, weights codes alone.
    package func regions(
        _ area: StateArea, _ chunk: StateChunk
    ) -> (scales: UnsafeMutableRawBufferPointer, codes: UnsafeMutableRawBufferPointer) {
        switch area {
        case .frozen: (Self.none, Self.region(file.frozen, chunk.weights))
        case .bank0: (Self.none, Self.region(file.weights(bank: 0), chunk.weights))
        case .bank1: (Self.none, Self.region(file.weights(bank: 1), chunk.weights))
        case .firstMoments:
            (Self.region(file.firstMoments, chunk.scales), Self.region(file.firstMoments, chunk.codes))
        case .secondMoments:
            (Self.region(file.secondMoments, chunk.scales), Self.region(file.secondMoments, chunk.codes))
        }
    }

    /// A trained chunk's checksums in all areas.
    package func entry(_ chunk: StateChunk) -> UnsafeMutableRawBufferPointer {
        precondition(chunk.isTrained)
        return UnsafeMutableRawBufferPointer(
            start: file.checks + 4 * chunk.number, count: StateShape.checkBytes)
    }

    /// The chunk in this area is as it is meant to be.
    package func renew(_ area: StateArea, _ chunk: StateChunk) {
        place(area, chunk).pointee = checksum(regions(area, chunk))
    }

    /// The same for a whole slice of a block.
    package func renew(_ area: StateArea, block: Int) {
        for element in layout.chunkElements(block) { renew(area, layout.chunk(block, at: element)) }
    }

    /// The moments of a new file are zero; their pages stay untouched.
    package func renewZeroMoments() {
        var zeros: [Int: UInt32] = [:]
        for block in layout.trainedBlocks {
            for element in layout.chunkElements(block) {
                let chunk = layout.chunk(block, at: element)
                let count = chunk.scales.count + chunk.codes.count
                let checksum = zeros[count] ?? CRC32C.checksum([UInt8](repeating: 0, count: count))
                zeros[count] = checksum
                for area in [StateArea.firstMoments, .secondMoments] { place(area, chunk).pointee = checksum }
            }
        }
    }

    /// Throws `damaged` where the chunk is not what was written.
    package func verify(_ area: StateArea, _ chunk: StateChunk) throws(StorageError) {
        if checksum(regions(area, chunk)) != place(area, chunk).pointee { throw damage(area, chunk) }
    }

    /// The same for a whole slice of a block.
    package func verify(_ area: StateArea, block: Int) throws(StorageError) {
        for element in layout.chunkElements(block) { try verify(area, layout.chunk(block, at: element)) }
    }

    /// The areas in which a next process would believe this chunk, and a running one reads it.
    package func believed(_ chunk: StateChunk, isDone: Bool) -> [StateArea] {
        guard chunk.isTrained else { return [.frozen] }
        let content = file.content
        let (active, other) = (StateArea.bank(content.activeBank), StateArea.bank(1 - content.activeBank))
        guard let update = content.update else {
            return [active, .firstMoments, .secondMoments] + (content.hasReduced ? [other] : [])
        }
        // What is not done yet is made of the old weights, and of the gradient unless the step is skipped.
        let sources = update.clipScale == 0 ? [other] : [other, active]
        return [.firstMoments, .secondMoments] + (isDone ? [active] : sources)
    }

    /// Looks at a chunk beside those who change the state, and without bringing its pages into this process. What is
    /// changed meanwhile is left to those who change it.
    ///
    /// - Parameter buffer: room for a chunk in any area.
    package func look(at chunk: StateChunk, with buffer: UnsafeMutableRawBufferPointer) throws {
        guard let stamp = file.changes.stamp(), file.content.update == nil else { return }
        for area in believed(chunk, isDone: true) {
            let (scales, codes) = regions(area, chunk)
            let copies = (
                scales: UnsafeMutableRawBufferPointer(rebasing: buffer[..<scales.count]),
                codes: UnsafeMutableRawBufferPointer(rebasing: buffer[scales.count..<scales.count + codes.count])
            )
            try file.read(UnsafeRawPointer(codes.baseAddress!), into: copies.codes)
            if !scales.isEmpty { try file.read(UnsafeRawPointer(scales.baseAddress!), into: copies.scales) }
            if checksum(copies) == place(area, chunk).pointee { continue }
            guard !chunk.isTrained || file.changes.isUnchanged(since: stamp) else { return }
            throw damage(area, chunk)
        }
    }

    package func damage(_ area: StateArea, _ chunk: StateChunk) -> StorageError {
        damage("the \(name(area))", chunk)
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

    private func name(_ area: StateArea) -> String {
        let content = file.content
        switch area {
        case .frozen: return "frozen part"
        case .firstMoments: return "first moment"
        case .secondMoments: return "second moment"
        case .bank0, .bank1:
            if area == .bank(content.activeBank) { return content.update == nil ? "weight" : "next weight or gradient" }
            return content.hasReduced ? "reduced gradient" : "weight of the version before"
        }
    }

    private func place(_ area: StateArea, _ chunk: StateChunk) -> UnsafeMutablePointer<UInt32> {
        chunk.isTrained ? file.checks + 4 * chunk.number + area.rawValue : file.frozenChecks + chunk.number
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
