import Glibc
import MawsBase
import MawsFiles

/// The checkpoints of a run: one folder each, and the file `latest` with the name of the newest finished one.
package struct CheckpointStore: Sendable {
    package let folder: String

    /// Makes the folder when it is missing.
    package init(folder: String) throws {
        self.folder = folder
        try Folder.make(folder)
    }

    /// Starts a checkpoint. What earlier processes left unfinished is removed first; space on the disk is reserved now.
    ///
    /// - Parameter isBeginning: slots that start at zero need not be written, and take no space on the disk.
    package func begin(_ header: CheckpointHeader, isBeginning: Bool = false) throws -> CheckpointWriter {
        try removeUnfinished()
        return try CheckpointWriter(store: self, header: header, isBeginning: isBeginning)
    }

    /// Removes what earlier processes left unfinished, or half removed.
    package func removeUnfinished() throws {
        for name in try Folder.names(in: folder) where name.hasSuffix(Self.unfinished) {
            try Folder.remove("\(folder)/\(name)")
        }
    }

    /// The checkpoint `latest` names; nil before the first one.
    package func latest() throws -> Checkpoint? {
        guard let name = try latestName() else { return nil }
        return try open(name)
    }

    package func open(_ name: String) throws -> Checkpoint { try Checkpoint(folder: path(name)) }

    /// What the finished checkpoints whose manifest can be read are of, oldest first by stage and step. A folder that
    /// was given another name is none of them.
    package func headers() throws -> [CheckpointHeader] {
        let headers = try folders().compactMap { name -> CheckpointHeader? in
            let header = (try? CheckpointManifest.read("\(path(name))/manifest.json"))?.header
            return header?.name == name ? header : nil
        }
        return headers.sorted { ($0.stageIndex, $0.step) < ($1.stageIndex, $1.step) }
    }

    package func names() throws -> [String] { try headers().map(\.name) }

    /// Folders that look like finished checkpoints, whole or not.
    package func folders() throws -> [String] {
        try Folder.names(in: folder).filter { name in
            !name.hasSuffix(Self.unfinished) && !name.hasSuffix(Self.damaged) && Folder.exists(path(name))
        }
    }

    /// Steps of the folders that look like checkpoints of a stage, whole or not, newest first.
    package func steps(of stageName: String) throws -> [StepIndex] {
        let prefix = "\(stageName)-"
        let steps = try folders().filter { $0.hasPrefix(prefix) }.compactMap { UInt64($0.dropFirst(prefix.count)) }
        return steps.sorted(by: >).map { StepIndex($0) }
    }

    /// Removes finished checkpoints, in this order.
    package func remove(_ names: [String]) throws {
        for name in names {
            // Renamed first, so that a death halfway leaves no folder that looks finished.
            try move(path(name), to: partialPath(name))
            try Folder.remove(partialPath(name))
        }
    }

    /// Takes a checkpoint that cannot be believed out of the way, as `<name>.damaged`, and `latest` with it; one that
    /// was set aside under that name before goes. Returns the new path; nil when there was nothing to set aside.
    @discardableResult
    package func setAside(_ name: String) throws -> String? {
        let latest = try? latestName()
        if latest == nil || latest == name, unlink("\(folder)/latest") != 0, errno != ENOENT {
            throw StorageError.last("remove", "\(folder)/latest")
        }
        guard Folder.exists(path(name)) else { return nil }
        let target = path(name) + Self.damaged
        try Folder.remove(target)
        try move(path(name), to: target)
        try Folder.synchronize(folder)
        return target
    }

    /// Points `latest` at a finished checkpoint.
    package func makeLatest(_ name: String) throws { try AtomicFile.write("\(name)\n", to: "\(folder)/latest") }

    func partialPath(_ name: String) -> String { path(name) + Self.unfinished }

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
        try makeLatest(name)
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

    /// The name in `latest`; nil before the first checkpoint.
    package func latestName() throws -> String? {
        let path = "\(folder)/latest"
        if access(path, F_OK) != 0 && errno == ENOENT { return nil }
        let text = String(decoding: try AtomicFile.read(path), as: UTF8.self)
        let name = String(text.prefix { $0 != "\n" })
        guard !name.isEmpty, !name.hasPrefix("."), !name.contains("/") else {
            throw StorageError.damaged(path: path, reason: "it holds no checkpoint's name")
        }
        return name
    }

    private static let unfinished = ".partial"
    private static let damaged = ".damaged"
}
