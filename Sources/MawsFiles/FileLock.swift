import Glibc

/// Keeps a folder to one process: the lock of a file, held until the owner goes or its process dies.
package final class FileLock: Sendable {
    private let file: OpenFile

    /// Makes the file when it is missing; throws `StorageError.inUse` when another process holds the lock.
    package init(path: String) throws {
        file = try OpenFile(path, flags: O_RDWR | O_CREAT, action: "lock")
        if flock(file.descriptor, LOCK_EX | LOCK_NB) != 0 {
            throw errno == EWOULDBLOCK ? StorageError.inUse(path: path) : StorageError.last("lock", path)
        }
    }
}
