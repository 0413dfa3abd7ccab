import Glibc
import MawsFiles

/// Whether a run's folder can be made, which a plan's check and a start tell alike. Nothing is left behind.
package enum RunFolderCheck {
    /// Throws where the folder cannot be made, or is there and cannot be written to.
    package static func check(_ path: String) throws {
        var nearest = path
        var status = stat()
        while stat(nearest.isEmpty ? "." : nearest, &status) != 0 {
            guard errno == ENOENT || errno == ENOTDIR else { throw problem(path, errno) }
            nearest = Folder.parent(of: nearest)
        }
        if nearest.isEmpty { nearest = "." }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw problem(path, "\(nearest) is a file, not a folder") }
        // Rights alone do not tell: a file system may take no folders at all.
        let trial = "\(nearest)/.maws-check-\(getpid())"
        guard mkdir(trial, 0o700) == 0 || errno == EEXIST else { throw problem(path, errno) }
        rmdir(trial)
    }

    private static func problem(_ path: String, _ code: Int32) -> DataError {
        problem(path, String(cString: strerror(code)))
    }

    private static func problem(_ path: String, _ reason: String) -> DataError {
        .file(path: "the run's folder \(path)", problem: "cannot be made (\(reason)); name another folder")
    }
}
