import Glibc
import MawsBase

/// The checkpoints of a run: one folder each, and the file `latest` with the name of the newest finished one.
public struct CheckpointStore: Sendable {
    public let folder: String

    /// Makes the folder when it is missing.
    public init(folder: String) throws {
        self.folder = folder
        try Folder.make(folder)
    }

    /// Starts a checkpoint. What earlier processes left unfinished is removed first; space on the disk is reserved now.
    ///
    /// - Parameter momentsAreZero: they need not be written, and take no space on the disk.
    public func begin(_ header: CheckpointHeader, momentsAreZero: Bool = false) throws -> CheckpointWriter {
        for name in try Folder.names(in: folder) where name.hasSuffix(".partial") {
            try Folder.remove("\(folder)/\(name)")
        }
        return try CheckpointWriter(store: self, header: header, momentsAreZero: momentsAreZero)
    }

    /// The checkpoint `latest` names; nil before the first one.
    public func latest() throws -> Checkpoint? {
        guard let name = try latestName() else { return nil }
        return try open(name)
    }

    public func open(_ name: String) throws -> Checkpoint { try Checkpoint(folder: path(name)) }

    /// Names of the finished checkpoints that can be opened, oldest first by stage and step.
    public func names() throws -> [String] {
        let headers = try Folder.names(in: folder).filter { !$0.hasSuffix(".partial") }.compactMap { name in
            (try? CheckpointManifest.read("\(path(name))/manifest.json"))?.header
        }
        return headers.sorted { ($0.stageIndex, $0.step) < ($1.stageIndex, $1.step) }.map(\.name)
    }

    /// Removes all but the newest `keep` finished checkpoints, those to `protect` and the latest.
    public func prune(keep: Int, protect: [String]) throws {
        let latest = try latestName()
        let removable = try names().filter { !protect.contains($0) && $0 != latest }
        let kept = max(0, latest == nil ? keep : keep - 1)
        for name in removable.dropLast(min(kept, removable.count)) {
            // Renamed first, so that a death halfway leaves no folder that looks finished.
            try move(path(name), to: partialPath(name))
            try Folder.remove(partialPath(name))
        }
    }

    func partialPath(_ name: String) -> String { "\(path(name)).partial" }

    /// Gives a durable partial folder its name and moves `latest` to it.
    ///
    /// A checkpoint of the same name holds the same bits, a run being a function of its plan, and stays as it is. One
    /// that does not, because it is damaged, makes room.
    func publish(_ manifest: CheckpointManifest) throws {
        let name = manifest.header.name
        try Folder.synchronize(partialPath(name))
        if isWhole(manifest) {
            try Folder.remove(partialPath(name))
        } else {
            let old = partialPath("\(name).damaged")
            try Folder.remove(old)
            if Folder.exists(path(name)) { try move(path(name), to: old) }
            try move(partialPath(name), to: path(name))
            try Folder.synchronize(folder)
            try Folder.remove(old)
        }
        try AtomicFile.write("\(name)\n", to: "\(folder)/latest")
    }

    /// Whether this very checkpoint is here already, every byte of it.
    private func isWhole(_ manifest: CheckpointManifest) -> Bool {
        guard let present = try? open(manifest.header.name), present.manifest == manifest else { return false }
        return (try? present.verify()) != nil
    }

    private func move(_ source: String, to target: String) throws {
        if rename(source, target) != 0 { throw StorageError.last("move into place", target) }
    }

    private func path(_ name: String) -> String { "\(folder)/\(name)" }

    private func latestName() throws -> String? {
        let path = "\(folder)/latest"
        if access(path, F_OK) != 0 && errno == ENOENT { return nil }
        let text = String(decoding: try AtomicFile.read(path), as: UTF8.self)
        let name = String(text.prefix { $0 != "\n" })
        guard !name.isEmpty, !name.contains("/") else {
            throw StorageError.damaged(path: path, reason: "it holds no checkpoint's name")
        }
        return name
    }
}
