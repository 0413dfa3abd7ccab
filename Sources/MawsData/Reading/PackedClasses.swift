import Foundation

/// Finds the names of packed shards' classes: `PREFIX-classes.txt` beside them, which `maws data pack` and
/// `maws data split` write; of `photos-train-0003.tar` it is `photos-train-classes.txt` or `photos-classes.txt`.
package final class PackedClasses {
    /// A file with a name a line; the line, from 0, is the number that the shards' `.cls` members have.
    package struct File: Sendable {
        package var path: String
        package var names: [String]
    }

    /// By the path without its ending.
    private var known: [String: File?] = [:]

    package init() {}

    /// Nil where the shard's pack names no classes.
    package func file(ofShard path: String) throws -> File? {
        let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        let (folder, name) = (String(path[..<slash]), String(path[slash...]))
        var stem = name.hasSuffix(".tar") ? name.dropLast(4) : name[...]
        while let dash = stem.lastIndex(of: "-") {
            stem = stem[..<dash]
            if let file = try file(folder: folder, prefix: String(stem)), Self.isOfPack(file, name, folder, stem) {
                return file
            }
        }
        return nil
    }

    private func file(folder: String, prefix: String) throws -> File? {
        let path = "\(folder)\(prefix)-classes.txt"
        if let file = known[path] { return file }
        var file: File?
        if access(path, F_OK) == 0 {
            file = File(path: path, names: try SplitFiles.lines(path).map(String.init))
        }
        known[path] = file
        return file
    }

    /// Another pack may have the first part of this one's name: its manifest, where there is one, lists its shards.
    private static func isOfPack(_ file: File, _ shard: String, _ folder: String, _ prefix: Substring) -> Bool {
        guard let manifest = PackManifest.read(folder: folder.isEmpty ? "." : folder, prefix: String(prefix)) else {
            return true
        }
        return manifest.files.contains { $0.name == shard }
    }
}
