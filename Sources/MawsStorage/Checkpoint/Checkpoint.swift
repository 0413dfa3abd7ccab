import Glibc
import MawsBase
import MawsHash

/// A finished checkpoint, opened for reading. Any thread may read.
public final class Checkpoint: Sendable {
    public let folder: String
    public let manifest: CheckpointManifest
    private let layout: CheckpointLayout
    private let weights: OpenFile
    private let optimizer: OpenFile

    public var header: CheckpointHeader { manifest.header }
    public var name: String { manifest.header.name }
    /// SHA-256 over all weight tensors in table order, hexadecimal.
    public var weightsHash: String { manifest.weightsHash }

    /// Opens the folder: the manifest's seal, and the files' headers and sizes must be right. `verify` checks the rest.
    init(folder: String) throws {
        self.folder = folder
        manifest = try CheckpointManifest.read("\(folder)/manifest.json")
        layout = CheckpointLayout(manifest.header.table)
        weights = try Self.open(.weights, in: folder, layout)
        optimizer = try Self.open(.optimizer, in: folder, layout)
    }

    /// Fills `bytes` with a slice of a block: weights as little-endian fp32, moments as the table says.
    ///
    /// - Parameters:
    ///   - range: elements of the block; moments of 8 bits are cut where their groups end.
    ///   - bytes: as many as the table's `byteCount` of the slice.
    public func read(kind: TensorKind, block: Int, range: Range<Int>, into bytes: UnsafeMutableRawBufferPointer) throws
    {
        guard let (file, areas) = layout.position(kind: kind, block: block, range: range) else {
            throw StorageError.unknown(checkpoint: name, what: "elements \(range) of \(kind) in block \(block)")
        }
        precondition(bytes.count == areas.reduce(0) { $0 + $1.count })
        var start = 0
        for area in areas {
            let part = UnsafeMutableRawBufferPointer(rebasing: bytes[start..<start + area.count])
            try (file == .weights ? weights : optimizer).read(into: part, at: area.lowerBound)
            start += area.count
        }
    }

    /// The weights of one parameter; nil when the checkpoint has none of this name.
    public func tensor(named name: String) throws -> (entry: ParameterEntry, values: [Float])? {
        guard let (block, entry) = place(of: name) else { return nil }
        var values = [Float](repeating: 0, count: entry.count)
        try values.withUnsafeMutableBytes { try read(kind: .weight, block: block, range: entry.range, into: $0) }
        return (entry, values)
    }

    /// The block and the entry of a parameter; nil when the checkpoint has none of this name.
    public func place(of name: String) -> (block: Int, entry: ParameterEntry)? {
        for (index, block) in header.table.blocks.enumerated() {
            if let entry = block.entries.first(where: { $0.name == name }) { return (index, entry) }
        }
        return nil
    }

    /// Hashes every tensor again and throws at the first whose bytes are not those of the manifest, by its name.
    public func verify() throws {
        let found = try Self.hashes(layout, weights: weights, optimizer: optimizer)
        for (tensor, expected) in zip(found.tensors, manifest.tensors) where tensor != expected {
            let file = tensor.name == expected.name ? "tensor \(tensor.name) is not what was written" : "wrong tensors"
            throw StorageError.damaged(path: folder, reason: file)
        }
        guard found.weightsHash == manifest.weightsHash, found.tensors.count == manifest.tensors.count else {
            throw StorageError.damaged(path: folder, reason: "its manifest does not list the tensors of its table")
        }
    }

    private static func open(_ file: CheckpointLayout.File, in folder: String, _ layout: CheckpointLayout) throws
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

    /// The hash of each tensor in both files, and of all weights together. Moments that were never written are zeros,
    /// whose hash is computed once for each length.
    static func hashes(_ layout: CheckpointLayout, weights: OpenFile, optimizer: OpenFile) throws -> (
        tensors: [CheckpointManifest.Tensor], weightsHash: String
    ) {
        let all = Hash()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        var tensors: [CheckpointManifest.Tensor] = []
        var hashesOfZeros: [Int: String] = [:]
        for (file, tensor) in layout.weights.tensors.map({ (weights, $0) })
            + layout.optimizer.tensors.map({ (optimizer, $0) })
        {
            let isZero = file === optimizer && optimizer.isHole(tensor.range)
            if isZero, let known = hashesOfZeros[tensor.range.count] {
                tensors.append(CheckpointManifest.Tensor(name: tensor.name, sha256: known))
                continue
            }
            let own = Hash()
            for start in stride(from: tensor.range.lowerBound, to: tensor.range.upperBound, by: buffer.count) {
                let count = min(buffer.count, tensor.range.upperBound - start)
                let part = UnsafeMutableRawBufferPointer(rebasing: buffer[0..<count])
                try file.read(into: part, at: start)
                own.update(UnsafeRawBufferPointer(part))
                if file === weights { all.update(UnsafeRawBufferPointer(part)) }
            }
            let hash = own.hexadecimal()
            if isZero { hashesOfZeros[tensor.range.count] = hash }
            tensors.append(CheckpointManifest.Tensor(name: tensor.name, sha256: hash))
        }
        return (tensors, all.hexadecimal())
    }
}
