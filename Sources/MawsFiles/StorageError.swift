import Glibc

/// Why a file could not be written, read or believed.
package enum StorageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A system call on this path failed.
    case system(action: String, path: String, code: Int32)
    /// The file system is full; `bytes` is what was asked for.
    case full(path: String, bytes: Int)
    /// The content is not what it must be.
    case damaged(path: String, reason: String)
    /// A file of a later version of this program.
    case newerFormat(path: String, format: Int)
    /// SQLite could not do its work, for this reason.
    case database(path: String, reason: String)
    /// Another process holds the lock of this file.
    case inUse(path: String)
    /// A checkpoint was finished before every element was in it, or received one twice.
    case incomplete(checkpoint: String, reason: String)
    /// A name or range that the checkpoint's table does not have.
    case unknown(checkpoint: String, what: String)

    package var description: String {
        switch self {
        case .system(let action, let path, let code):
            "cannot \(action) \(path): \(String(cString: strerror(code))). \(Self.advice(code))"
        case .full(let path, let bytes):
            "the disk is full: \(path) needs \(bytes > 0 ? "\(bytes) bytes" : "more space"). Free some space, or put "
                + "the run on another disk."
        case .damaged(let path, let reason):
            "\(path) is damaged: \(reason)."
        case .newerFormat(let path, let format):
            "\(path) has format \(format), which this version does not read. Go on with the version that wrote it."
        case .database(let path, let reason):
            "the database \(path) cannot be used: \(reason). Check the disk and the path."
        case .inUse(let path):
            "\(path) is in use by another process. Stop that process, or give this one another folder."
        case .incomplete(let checkpoint, let reason):
            "checkpoint \(checkpoint) cannot be finished: \(reason)."
        case .unknown(let checkpoint, let what):
            "checkpoint \(checkpoint) has no \(what)."
        }
    }

    /// Whether the content is lost or not to be believed, so that another copy of it is what is needed: not where a
    /// person or a later try can help.
    package var isDamage: Bool {
        switch self {
        case .damaged: true
        case .system(_, _, let code): [ENOENT, ENOTDIR, EISDIR, ELOOP, EIO].contains(code)
        default: false
        }
    }

    /// The error of a failed system call; a full disk or an exhausted quota becomes `full`.
    package static func last(_ action: String, _ path: String, bytes: Int = 0, code: Int32 = errno) -> StorageError {
        code == ENOSPC || code == EDQUOT
            ? .full(path: path, bytes: bytes) : .system(action: action, path: path, code: code)
    }

    private static func advice(_ code: Int32) -> String {
        switch code {
        case ENOENT: "Check that its folder exists."
        case EACCES, EPERM: "Check who owns it and what they may do."
        case EROFS: "The file system is read-only."
        case ENOTDIR: "A part of the path is a file, not a folder."
        case EMFILE, ENFILE: "Raise the limit on open files."
        default: "Check the disk and the path."
        }
    }
}
