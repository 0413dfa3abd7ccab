import Synchronization

/// The shards of a split, opened when needed, with a bounded number of open files.
final class OpenShards: Sendable {
    let paths: [String]
    private let open: Mutex<[(shard: Int, file: InputFile)]> = Mutex([])
    private static let openFilesMax = 64

    init(paths: [String]) { self.paths = paths }

    /// A file stays open as long as somebody reads it, even when it has left the list.
    func file(_ shard: Int) throws -> InputFile {
        if let file = open.withLock({ files in files.first { $0.shard == shard }?.file }) { return file }
        let file = try InputFile(path: paths[shard])
        open.withLock { files in
            if files.count >= Self.openFilesMax { files.removeFirst() }
            files.append((shard, file))
        }
        return file
    }
}
