import Foundation

/// Folders that output goes into.
enum OutputFolder {
    static func make(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw DataError.output(path: path, problem: "the folder cannot be made (\(error.localizedDescription))")
        }
    }

    static func parent(of path: String) -> String {
        let parent = (path as NSString).deletingLastPathComponent
        return parent.isEmpty ? "." : parent
    }

    /// Makes renames in the folder of `path` durable.
    static func sync(parentOf path: String) throws {
        let parent = parent(of: path)
        let descriptor = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw DataError.system(action: "open", path: parent, code: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw DataError.system(action: "write", path: parent, code: errno) }
    }
}
