import MawsDataFiles
import Synchronization

/// Local shards, opened when needed, with a bounded number of open files.
final class OpenShards: Sendable {
    private let open: Mutex<[InputFile]> = Mutex([])
    private static let openFilesMax = 64

    /// A file stays open as long as somebody reads it, even when it has left the list.
    func file(_ path: String) throws -> InputFile {
        if let file = open.withLock({ files in files.first { $0.path == path } }) { return file }
        let file = try InputFile(path: path)
        open.withLock { files in
            if files.count >= Self.openFilesMax { files.removeFirst() }
            files.append(file)
        }
        return file
    }
}
