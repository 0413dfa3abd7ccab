import Glibc

/// Keeps a folder to one process: the lock of a file, held until the owner goes or its process dies.
public final class FileLock: Sendable {
    private let file: OpenFile

    /// Throws `StorageError.inUse` when another process holds it.
    public init(path: String) throws {
        file = try OpenFile(path, flags: O_RDWR | O_CREAT)
        if flock(file.descriptor, LOCK_EX | LOCK_NB) != 0 { throw StorageError.inUse(path: path) }
    }
}
