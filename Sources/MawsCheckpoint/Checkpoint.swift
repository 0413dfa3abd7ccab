import Glibc
import MawsBase
import MawsFiles

/// A finished checkpoint, opened for reading. Any thread may read; every byte is checked in the read that hands it out.
package final class Checkpoint: Sendable {
    package let folder: String
    package let manifest: CheckpointManifest
    private let layout: CheckpointLayout
    let weights: CheckedFile
    let optimizer: CheckedFile

    package var header: CheckpointHeader { manifest.header }
    package var name: String { manifest.header.name }
    /// SHA-256 over all weight tensors in table order, hexadecimal.
    package var weightsHash: String { manifest.weightsHash }

    /// Opens the folder: the manifest's seal, and the files' headers and sizes must be right. Tensors are checked as
    /// they are read, or all of them by `verify`. The files of format 1, which has no hashes of pieces, are hashed now.
    package init(folder: String) throws {
        self.folder = folder
        manifest = try CheckpointManifest.read("\(folder)/manifest.json")
        layout = CheckpointLayout(manifest.header.table, format: manifest.format)
        let weights = try Self.open(.weights, in: folder, layout)
        let optimizer = try Self.open(.optimizer, in: folder, layout)
        let pieces = try manifest.pieces ?? Self.hashes(of: manifest, layout, weights, optimizer).pieces
        let tensors = manifest.tensors
        let count = layout.weights.tensors.count
        guard tensors.map(\.name) == (layout.weights.tensors + layout.optimizer.tensors).map(\.name) else {
            throw Self.foreignTensors(folder)
        }
        self.weights = CheckedFile(
            file: weights, layout: layout.weights, pieces: pieces.weights, tensors: Array(tensors[..<count]))
        self.optimizer = CheckedFile(
            file: optimizer, layout: layout.optimizer, pieces: pieces.optimizer, tensors: Array(tensors[count...]))
        for file in [self.weights, self.optimizer] {
            let length = CheckpointManifest.Pieces.byteCount
            guard file.pieces.count == (file.layout.size + length - 1) / length else {
                throw Self.foreignTensors(folder)
            }
        }
    }

    /// Fills `bytes` with a slice of a block: weights as little-endian fp32, slots as the table says. Throws when a
    /// byte of the pieces that it lies in is not what was written.
    ///
    /// - Parameters:
    ///   - range: elements of the block; slots of 8 bits are cut where their groups end.
    ///   - bytes: as many as the block's `byteCount` of the slice.
    package func read(
        _ part: WeightPart, block: Int, range: Range<Int>, into bytes: UnsafeMutableRawBufferPointer
    ) throws {
        guard let (file, areas) = layout.position(part: part, block: block, range: range) else {
            throw StorageError.unknown(checkpoint: name, what: "elements \(range) of \(part) in block \(block)")
        }
        precondition(bytes.count == areas.reduce(0) { $0 + $1.count })
        var start = 0
        for area in areas {
            let part = UnsafeMutableRawBufferPointer(rebasing: bytes[start..<start + area.count])
            try (file == .weights ? weights : optimizer).read(area, into: part)
            start += area.count
        }
    }

    /// The weights of one parameter; nil when the checkpoint has none of this name.
    package func tensor(named name: String) throws -> (entry: ParameterEntry, values: [Float])? {
        guard let (block, entry) = place(of: name) else { return nil }
        var values = [Float](repeating: 0, count: entry.count)
        try values.withUnsafeMutableBytes { try read(.weight, block: block, range: entry.range, into: $0) }
        return (entry, values)
    }

    /// The block and the entry of a parameter; nil when the checkpoint has none of this name.
    package func place(of name: String) -> (block: Int, entry: ParameterEntry)? {
        for (index, block) in header.table.blocks.enumerated() {
            if let entry = block.entries.first(where: { $0.name == name }) { return (index, entry) }
        }
        return nil
    }

    /// Hashes every tensor again and throws at the first whose bytes are not those of the manifest, by its name.
    package func verify() throws {
        let found = try Self.hashes(of: manifest, layout, weights.file, optimizer.file)
        guard manifest.pieces == nil || manifest.pieces == found.pieces else { throw Self.foreignTensors(folder) }
    }

    /// What the files hash to, which is what the manifest says.
    private static func hashes(
        of manifest: CheckpointManifest, _ layout: CheckpointLayout, _ weights: OpenFile, _ optimizer: OpenFile
    ) throws -> CheckpointHashes {
        let found = try CheckpointHashes(layout, weights: weights, optimizer: optimizer)
        let folder = Folder.parent(of: weights.path)
        for (index, (tensor, expected)) in zip(found.tensors, manifest.tensors).enumerated()
        where tensor != expected {
            guard tensor.name == expected.name else { throw foreignTensors(folder) }
            let file = index < layout.weights.tensors.count ? weights : optimizer
            throw StorageError.damaged(path: file.path, reason: "tensor \(tensor.name) is not what was written")
        }
        guard found.weightsHash == manifest.weightsHash, found.tensors.count == manifest.tensors.count else {
            throw foreignTensors(folder)
        }
        return found
    }

    private static func foreignTensors(_ folder: String) -> StorageError {
        .damaged(path: folder, reason: "its manifest does not list the tensors of its table as they are")
    }

    static func open(_ file: CheckpointLayout.File, in folder: String, _ layout: CheckpointLayout) throws
        -> OpenFile
    {
        let opened = try OpenFile("\(folder)/\(file.rawValue)", flags: O_RDONLY, action: "read")
        let expected = layout.file(file)
        let size = try opened.size()
        guard size == expected.size else {
            throw StorageError.damaged(path: opened.path, reason: "it has \(size) bytes where \(expected.size) belong")
        }
        var header = [UInt8](repeating: 0, count: expected.header.count)
        try header.withUnsafeMutableBytes { try opened.read(into: $0, at: 0) }
        guard header == expected.header else {
            throw StorageError.damaged(path: opened.path, reason: "its header is not that of its manifest's table")
        }
        return opened
    }
}
