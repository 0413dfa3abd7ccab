import Foundation
import MawsData
import MawsDataFiles

/// What lies at a pack's place before it: files of an earlier pack, and shards of the same names whoever made them.
struct FormerPack {
    private let output: String
    private let prefix: String
    private let manifest: PackManifest?
    /// Shards that have the pack's names, in their order.
    private let shards: [String]

    private static let indexEnding = "." + ShardIndexFile.ending
    private static let namedMax = 3

    /// - Parameter sets: beginnings of the shards' names.
    init(_ target: PackTarget, sets: [String]) {
        output = target.output
        prefix = target.prefix
        manifest = PackManifest.read(folder: target.output, prefix: target.prefix)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: target.output)) ?? []
        shards = names.filter { name in sets.contains { Self.isShard(name, of: $0) } }.sorted()
    }

    /// Whether a name is `SET-0000.tar`.
    private static func isShard(_ name: String, of set: String) -> Bool {
        guard name.hasPrefix(set + "-"), name.hasSuffix(".tar") else { return false }
        let number = name.dropFirst(set.count + 1).dropLast(4)
        return number.count >= 4 && number.allSatisfy { $0.isASCII && $0.isNumber }
    }

    /// Throws where shards of another source would be replaced, or would stay among those of the pack.
    func refuse(unlessFrom source: String) throws {
        let isOwn = manifest.map { PackManifest.origin($0.source) == PackManifest.origin(source) } ?? false
        let own = Set(isOwn ? manifest?.files.map(\.name) ?? [] : [])
        // A pack of the same prefix may have shards of other names, which would go with its manifest.
        let further = isOwn ? [] : (manifest?.files ?? []).filter { $0.samples > 0 && isThere($0.name) }.map(\.name)
        let others = Set(shards + further).subtracting(own).sorted()
        guard !others.isEmpty else { return }
        let list = others.prefix(Self.namedMax).joined(separator: ", ") + (others.count > Self.namedMax ? ", …" : "")
        throw DataError.output(
            path: output,
            problem: "\(others.count == 1 ? "a shard" : "\(others.count) shards") of '\(prefix)' from another source "
                + "\(others.count == 1 ? "is" : "are") there already (\(list)); take another --prefix or --output, or "
                + "--force, which replaces what is there")
    }

    /// Throws where a file that is read would be replaced or removed: one of the pack that was there before, or one of
    /// the names that every pack may write.
    func refuse(reading reads: ReadFiles) throws {
        let usual = ["classes.txt", "hashtags.txt", "pack.json"].map { "\(prefix)-\($0)" }
        for name in shards + (manifest?.files.map(\.name) ?? []) + usual {
            try reads.refuse(writing: output + "/" + name)
            try reads.refuse(writing: output + "/" + name + Self.indexEnding)
        }
    }

    private func isThere(_ name: String) -> Bool { !name.contains("/") && access(output + "/" + name, F_OK) == 0 }

    /// Throws where another file than the earlier pack's would be replaced by other content.
    func refuseOthers(_ files: [PackManifest.File]) throws {
        let own = Set(manifest?.files.map(\.name) ?? [])
        for file in files where !own.contains(file.name) {
            let path = output + "/" + file.name
            guard access(path, F_OK) == 0, try InputFile.hash(path) != file.sha256 else { continue }
            throw DataError.output(
                path: path,
                problem: "a file that is not of this pack is there already; take another --output, or --force, which "
                    + "replaces it")
        }
    }

    /// Removes what the pack that was just put there does not have, and indexes of shards that are not what they were.
    /// - Returns: names of the shards that are gone.
    func removeStale(beside files: [PackManifest.File]) -> [String] {
        let names = Set(files.map(\.name))
        let former = Set(shards + (manifest?.files.map(\.name) ?? []).filter { !$0.contains("/") })
        for name in former.subtracting(names) { unlink(output + "/" + name) }
        for name in former where !isSame(name, files) { unlink(output + "/" + name + Self.indexEnding) }
        return shards.filter { !names.contains($0) }
    }

    private func isSame(_ name: String, _ files: [PackManifest.File]) -> Bool {
        guard let hash = manifest?.files.first(where: { $0.name == name })?.sha256 else { return false }
        return files.contains { $0.name == name && $0.sha256 == hash }
    }
}
