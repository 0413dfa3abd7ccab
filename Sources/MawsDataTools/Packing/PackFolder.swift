import Foundation
import MawsData
import MawsDataFiles

/// Files of a pack in the making, in a hidden folder beside their place. `publish` moves them there all together;
/// a pack that is abandoned leaves the folder, which the next one empties. What is there of another source is replaced
/// only where the target is forced.
final class PackFolder {
    private let output: String
    private let prefix: String
    private let source: String
    private let staging: String
    private let lock: Int32
    private let isForced: Bool
    private let before: FormerPack
    private let reads: ReadFiles
    private var files: [PackManifest.File] = []

    /// Holds the source while files are moved, so that a pack that was killed there knows its files again.
    private static let publishing = "publishing"

    /// - Parameters:
    ///   - target: its folder is made when missing. What it spares is never replaced or removed.
    ///   - source: see `PackManifest.source`.
    ///   - sets: beginnings of the shards' names; nil: the prefix alone.
    init(_ target: PackTarget, source: String, sets: [String]? = nil) throws {
        output = target.output
        prefix = target.prefix
        self.source = source
        before = FormerPack(target, sets: sets ?? [target.prefix])
        reads = target.reads
        try before.refuse(reading: reads)
        staging = "\(output)/.\(prefix).partial"
        let wasInterrupted =
            (try? InputFile.contents(staging + "/" + Self.publishing, limit: 1 << 20)) == Array(source.utf8)
        isForced = target.isForced || wasInterrupted
        if !isForced { try before.refuse(unlessFrom: source) }
        try OutputFolder.make(staging)
        lock = open(staging + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard lock >= 0 else { throw DataError.system(action: "write", path: staging + "/lock", code: errno) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw DataError.output(path: output, problem: "another 'maws data pack' is writing '\(prefix)' there")
        }
        removeContents()
    }

    deinit {
        removeContents()
        unlink(staging + "/lock")
        rmdir(staging)
        close(lock)
    }

    func path(_ name: String) -> String { staging + "/" + name }

    /// Counts in a file written at `path(name)`.
    func add(_ name: String, bytes: UInt64, hash: String, samples: Int) {
        files.append(PackManifest.File(name: name, bytes: bytes, sha256: hash, samples: samples))
    }

    func write(_ text: String, name: String) throws {
        let bytes = Array(text.utf8)
        add(name, bytes: UInt64(bytes.count), hash: try OutputFile.write(bytes, to: path(name)), samples: 0)
    }

    /// Moves everything into place, the manifest last; until then no manifest claims the pack is complete. Files of the
    /// pack before it that this one lacks are removed.
    /// - Parameter account: what became of the samples.
    func publish(_ account: SampleAccount) throws -> PackResult {
        let manifest = PackManifest(source: source, files: files, account: account)
        let manifestName = PackManifest.name(prefix: prefix)
        for name in files.map(\.name) + [manifestName] { try reads.refuse(writing: output + "/" + name) }
        if !isForced { try before.refuseOthers(files) }
        try OutputFile.write(Array(source.utf8), to: path(Self.publishing))
        unlink(output + "/" + manifestName)
        try OutputFolder.sync(parentOf: output + "/" + manifestName)
        for file in files { try move(path(file.name), to: output + "/" + file.name) }
        let removed = before.removeStale(beside: files)
        try OutputFile.write(manifest.encoded(), to: output + "/" + manifestName)
        return PackResult(
            manifest: manifest, wasThere: false,
            notes: removed.isEmpty
                ? [] : ["removed, as they are of the pack that was there before: \(removed.joined(separator: ", "))"])
    }

    private func move(_ from: String, to path: String) throws {
        guard rename(from, path) == 0 else { throw DataError.system(action: "write", path: path, code: errno) }
    }

    private func removeContents() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: staging)) ?? [] where name != "lock" {
            unlink(path(name))
        }
    }
}
