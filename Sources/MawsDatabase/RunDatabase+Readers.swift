import Foundation
import GRDB
import Glibc
import MawsFiles

/// A database that another process reads while no coordinator runs.
///
/// SQLite believes what such a process has mapped of the write-ahead log, whatever became of the log itself: one that
/// was deleted, cut or replaced meanwhile is an error or, worse, is believed. So a reader keeps the files that it has,
/// and a copy takes their place, made of what is on the disk and checked.
extension RunDatabase {
    /// Where a process that has the database open holds a lock, in the file `…-shm`.
    private static let openMark = 128
    /// Copies that are begun before another process is taken for one that never stops writing.
    private static let copiesMax = 10
    private static let copyPauseMicroseconds: UInt32 = 50_000

    /// - Returns: whether a copy took the place of a database that another process has open.
    static func leaveToReaders(_ path: String) throws -> Bool {
        guard isOpenElsewhere(path) else { return false }
        let copy = "\(path).copy"
        try copyAtOneTime(path, to: copy)
        // All that the log holds goes into the one file, so that its name can change at once.
        let queue = try DatabaseQueue(path: copy)
        try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
        try queue.close()
        try OpenFile(copy, flags: O_RDWR, action: "write").synchronize()
        if rename(copy, path) != 0 { throw StorageError.last("move into place", path) }
        try remove(["-wal", "-shm"].map { path + $0 })
        return true
    }

    /// The last process that closes a database moves its log into it: both are copied as they are at one time.
    private static func copyAtOneTime(_ path: String, to copy: String) throws {
        let copies = ["", "-wal", "-shm"].map { copy + $0 }
        for number in 0..<copiesMax {
            if number > 0 { usleep(copyPauseMicroseconds) }
            let before = versions(path)
            try remove(copies)
            for ending in ["", "-wal"] where access(path + ending, F_OK) == 0 {
                do {
                    try FileManager.default.copyItem(atPath: path + ending, toPath: copy + ending)
                } catch  where access(path + ending, F_OK) != 0 {
                    continue
                }
            }
            if versions(path) == before { return }
        }
        try remove(copies)
        throw StorageError.database(
            path: path, reason: "another process has it open and keeps changing it; end that process")
    }

    /// What tells whether a file was written or replaced.
    private struct Version: Equatable {
        var node: UInt64
        var byteCount: Int64
        var changedSeconds: Int
        var changedNanoseconds: Int
    }

    /// Versions of the database and its log; nil for one that is not there.
    private static func versions(_ path: String) -> [Version?] {
        ["", "-wal"].map { ending in
            var status = stat()
            guard stat(path + ending, &status) == 0 else { return nil }
            return Version(
                node: UInt64(status.st_ino), byteCount: Int64(status.st_size), changedSeconds: status.st_mtim.tv_sec,
                changedNanoseconds: status.st_mtim.tv_nsec)
        }
    }

    private static func isOpenElsewhere(_ path: String) -> Bool {
        let file = Glibc.open("\(path)-shm", O_RDWR | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        lock.l_start = openMark
        lock.l_len = 1
        return fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != Int16(F_UNLCK)
    }

    private static func remove(_ paths: [String]) throws {
        for path in paths where unlink(path) != 0 && errno != ENOENT { throw StorageError.last("remove", path) }
    }
}
