import Glibc

/// Whole-file writes that leave either the old content or the new, whatever dies when.
package enum AtomicFile {
    /// Writes to a temporary file next to `path`, makes it durable and moves it over `path`. On any error, a full disk
    /// among them, the old file is as it was and nothing is left behind.
    /// - Parameter mode: less what the process's `umask` withholds.
    package static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o644) throws {
        let temporary = "\(path).\(getpid()).partial"
        do throws {
            let file = try OpenFile(temporary, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: mode, action: "write")
            try bytes.withUnsafeBytes { raw throws in try file.write(raw, at: 0) }
            try file.synchronize()
            if rename(temporary, path) != 0 { throw StorageError.last("move into place", path) }
        } catch {
            unlink(temporary)
            throw error
        }
        try Folder.synchronize(Folder.parent(of: path))
    }

    package static func write(_ text: String, to path: String, mode: mode_t = 0o644) throws {
        try write(Array(text.utf8), to: path, mode: mode)
    }

    /// The whole file.
    package static func read(_ path: String) throws -> [UInt8] {
        let file = try OpenFile(path, flags: O_RDONLY, action: "read")
        var bytes = [UInt8](repeating: 0, count: try file.size())
        try bytes.withUnsafeMutableBytes { raw throws in try file.read(into: raw, at: 0) }
        return bytes
    }
}
