import Foundation
import MawsFiles

/// Folders that output goes into.
package enum OutputFolder {
    /// Makes a folder and those above it; one that is there already is left as it is.
    /// - Returns: those that were made, the outermost first.
    @discardableResult
    package static func make(_ path: String) throws -> [String] {
        if access(path + "/.", F_OK) == 0 { return [] }
        let parent = Folder.parent(of: path)
        let above = parent != path && access(parent, F_OK) != 0 ? try make(parent) : []
        guard mkdir(path, 0o755) == 0 || errno == EEXIST && access(path + "/.", F_OK) == 0 else {
            throw DataError.system(action: "make the folder", path: path, code: errno)
        }
        return above + [path]
    }

    /// Makes renames in the folder of `path` durable.
    package static func sync(parentOf path: String) throws {
        let parent = Folder.parent(of: path)
        let descriptor = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw DataError.system(action: "open", path: parent, code: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw DataError.system(action: "write", path: parent, code: errno) }
    }
}
