import Foundation

/// Files of a pack in the making, in a hidden folder beside their place. `publish` moves them there all together;
/// a pack that is abandoned leaves the folder, which the next one empties.
final class PackFolder {
    private let output: String
    private let prefix: String
    private let source: String
    private let staging: String
    private let lock: Int32
    private var files: [PackManifest.File] = []

    /// - Parameters:
    ///   - output: made when missing.
    ///   - source: see `PackManifest.source`.
    init(output: String, prefix: String, source: String) throws {
        self.output = output
        self.prefix = prefix
        self.source = source
        staging = "\(output)/.\(prefix).partial"
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
    func publish(_ account: SampleAccount) throws -> PackManifest {
        let manifest = PackManifest(source: source, files: files, account: account)
        let manifestName = PackManifest.name(prefix: prefix)
        let before = PackManifest.read(folder: output, prefix: prefix)
        unlink(output + "/" + manifestName)
        try OutputFolder.sync(parentOf: output + "/" + manifestName)
        for file in files { try move(path(file.name), to: output + "/" + file.name) }
        let names = Set(files.map(\.name))
        for file in before?.files ?? [] where !names.contains(file.name) && !file.name.contains("/") {
            unlink(output + "/" + file.name)
        }
        try OutputFile.write(manifest.encoded(), to: output + "/" + manifestName)
        return manifest
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
