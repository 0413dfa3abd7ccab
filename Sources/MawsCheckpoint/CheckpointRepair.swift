import Glibc
import MawsFiles
import MawsHash

/// A damaged checkpoint made whole again from other folders: each piece of its files that is not what was written is
/// taken from one that has it, by its hash. Nothing is believed but hashes, so that a folder of another step may help
/// where its piece is the same, and none can do harm.
///
/// A file is made anew beside the damaged one and moved over it when it is durable: a death leaves the one or the
/// other. Where a piece is nowhere, nothing is written at all.
package struct CheckpointRepair {
    package struct Refusal: Error, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// A piece that is wanted, and the file that has it.
    private typealias Source = OpenFile

    package let manifest: CheckpointManifest
    /// By file's name: pieces that were taken from elsewhere.
    package private(set) var piecesTaken: [String: Int] = [:]
    package private(set) var tookManifest = false

    /// Repairs the folder.
    ///
    /// - Parameter sources: other checkpoints' folders, in the order in which they are asked.
    package init(_ folder: String, from sources: [String]) throws {
        guard Folder.exists(folder) else { throw StorageError.last("repair", folder, code: ENOENT) }
        let own = Result { try CheckpointManifest.read("\(folder)/\(CheckpointInspection.manifestName)") }
        let taken = try? own.get()
        let found = try taken.map { ($0, nil) } ?? Self.manifest(for: folder, from: sources)
        manifest = found.0
        guard let pieces = manifest.pieces else {
            throw Refusal(
                description: "\(folder) is of a format without hashes of pieces: it can only be replaced as a whole.")
        }
        let layout = CheckpointLayout(manifest.header.table, format: manifest.format)
        var plans: [(file: CheckpointLayout.File, sources: [Int: Source])] = []
        for file in CheckpointLayout.File.allCases {
            let expected = file == .weights ? pieces.weights : pieces.optimizer
            let work = FileRepair(folder, file, layout.file(file), expected)
            plans.append((file, try work.plan(from: sources)))
        }
        for (file, taken) in plans where !taken.isEmpty {
            let expected = file == .weights ? pieces.weights : pieces.optimizer
            try FileRepair(folder, file, layout.file(file), expected).write(taken)
            piecesTaken[file.rawValue] = taken.count
        }
        if let bytes = found.1 {
            try AtomicFile.write(bytes, to: "\(folder)/\(CheckpointInspection.manifestName)")
            tookManifest = true
        }
    }

    /// The manifest of another copy of the same checkpoint, as its folder is called.
    private static func manifest(
        for folder: String, from sources: [String]
    ) throws -> (CheckpointManifest, [UInt8]?) {
        var name = folder.split(separator: "/").last.map(String.init) ?? folder
        if name.hasSuffix(".damaged") { name.removeLast(".damaged".count) }
        for source in sources {
            let path = "\(source)/\(CheckpointInspection.manifestName)"
            guard let manifest = try? CheckpointManifest.read(path), manifest.header.name == name else { continue }
            return (manifest, try AtomicFile.read(path))
        }
        throw Refusal(
            description: "the manifest of \(folder) cannot be read, and no folder given with --from is a copy of "
                + "checkpoint \(name).")
    }
}

/// One file of a checkpoint that is repaired.
private struct FileRepair {
    private let path: String
    private let name: String
    private let layout: SafetensorsLayout
    /// Hashes of its pieces.
    private let pieces: [String]

    init(_ folder: String, _ file: CheckpointLayout.File, _ layout: SafetensorsLayout, _ pieces: [String]) {
        (path, name) = ("\(folder)/\(file.rawValue)", file.rawValue)
        (self.layout, self.pieces) = (layout, pieces)
    }

    /// Where each piece comes from that is not here; the key -1 stands for a file that is only too long.
    func plan(from sources: [String]) throws -> [Int: OpenFile] {
        let own = try? OpenFile(path, flags: O_RDONLY)
        let others = sources.compactMap { try? OpenFile("\($0)/\(name)", flags: O_RDONLY) }
        var taken: [Int: OpenFile] = [:]
        for index in pieces.indices where own.map({ !has($0, index) }) ?? true {
            guard let source = others.first(where: { has($0, index) }) else { throw refusal(index) }
            taken[index] = source
        }
        if taken.isEmpty, let own, try own.size() != layout.size { taken[-1] = own }
        return taken
    }

    /// Makes the file anew of its own pieces and those taken from elsewhere.
    func write(_ taken: [Int: OpenFile]) throws {
        let temporary = "\(path).repair"
        do {
            let made = try OpenFile(temporary, flags: O_RDWR | O_CREAT | O_TRUNC, action: "write")
            try made.reserve(layout.size)
            let own = try? OpenFile(path, flags: O_RDONLY)
            for index in pieces.indices {
                guard let source = taken[index] ?? own, let bytes = bytes(source, index) else {
                    throw refusal(index)
                }
                try bytes.withUnsafeBytes { try made.write($0, at: range(index).lowerBound) }
            }
            try made.synchronize()
            if rename(temporary, path) != 0 { throw StorageError.last("move into place", path) }
        } catch {
            unlink(temporary)
            throw error
        }
        try Folder.synchronize(Folder.parent(of: path))
    }

    private func range(_ index: Int) -> Range<Int> {
        let length = CheckpointManifest.Pieces.byteCount
        return index * length..<min((index + 1) * length, layout.size)
    }

    private func has(_ file: OpenFile, _ index: Int) -> Bool { bytes(file, index) != nil }

    /// The piece, where the file has it.
    private func bytes(_ file: OpenFile, _ index: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: range(index).count)
        let isRead = (try? bytes.withUnsafeMutableBytes { try file.read(into: $0, at: range(index).lowerBound) }) != nil
        return isRead && Hash.hexadecimal(of: bytes) == pieces[index] ? bytes : nil
    }

    private func refusal(_ index: Int) -> CheckpointRepair.Refusal {
        let names = layout.tensors.filter { !$0.range.clamped(to: range(index)).isEmpty }.map(\.name)
        return CheckpointRepair.Refusal(
            description: "bytes \(range(index).lowerBound) to \(range(index).upperBound - 1) of \(path)"
                + (names.isEmpty ? "" : " (\(names.prefix(3).joined(separator: ", ")))")
                + " are damaged, and no folder given with --from has them as they were written. Nothing was changed.")
    }
}
