import Glibc

/// An open file descriptor: closed with its owner. Positional reads and writes may run on many threads at once.
package final class OpenFile: Sendable {
    package let path: String
    package let descriptor: Int32

    /// - Parameter flags: of `open(2)`; `O_CLOEXEC` is always added.
    package init(_ path: String, flags: Int32, mode: mode_t = 0o644, action: String = "open") throws {
        self.path = path
        descriptor = Glibc.open(path, flags | O_CLOEXEC, mode)
        if descriptor < 0 { throw StorageError.last(action, path) }
    }

    deinit { _ = Glibc.close(descriptor) }

    /// Writes all bytes at this offset.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
        var done = 0
        while done < bytes.count {
            let count = pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
            if count < 0 && errno == EINTR { continue }
            if count < 0 { throw StorageError.last("write", path, bytes: bytes.count) }
            done += count
        }
    }

    /// Fills the buffer from this offset; a file that ends before is damaged.
    package func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws {
        var done = 0
        while done < bytes.count {
            let count = pread(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
            if count < 0 && errno == EINTR { continue }
            if count < 0 { throw StorageError.last("read", path) }
            if count == 0 {
                throw StorageError.damaged(
                    path: path, reason: "it ends at byte \(offset + done), \(bytes.count - done) too early")
            }
            done += count
        }
    }

    /// Reserves the disk blocks of the first `bytes` bytes, so that a full disk is an error now and not later.
    package func reserve(_ bytes: Int) throws {
        guard bytes > 0 else { return }
        let code = posix_fallocate(descriptor, 0, off_t(bytes))
        if code != 0 { throw StorageError.last("reserve space for", path, bytes: bytes, code: code) }
    }

    /// Makes the file this long without reserving space; what was not written reads as zero.
    package func resize(_ bytes: Int) throws {
        if ftruncate(descriptor, off_t(bytes)) != 0 { throw StorageError.last("resize", path, bytes: bytes) }
    }

    /// Gives the disk what whole pages of these bytes take back; they read as zero then. Where the file system cannot
    /// do that they stay with the file.
    package func release(_ bytes: Range<Int>) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let (start, end) = ((bytes.lowerBound + page - 1) / page * page, bytes.upperBound / page * page)
        guard start < end else { return }
        let mapped = mmap(nil, end - start, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, off_t(start))
        guard let mapped, mapped != UnsafeMutableRawPointer(bitPattern: -1) else { return }
        madvise(mapped, end - start, Int32(MADV_REMOVE))
        munmap(mapped, end - start)
    }

    /// Whether nothing was ever written to these bytes, so that they read as zero. False where the file system cannot
    /// tell.
    package func isHole(_ bytes: Range<Int>) -> Bool {
        let seekData: Int32 = 3  // SEEK_DATA of <unistd.h>
        let data = lseek(descriptor, off_t(bytes.lowerBound), seekData)
        return data < 0 ? errno == ENXIO : Int(data) >= bytes.upperBound
    }

    package func synchronize() throws {
        if fsync(descriptor) != 0 { throw StorageError.last("write", path) }
    }

    package func identity() throws -> FileIdentity { FileIdentity(try status()) }

    /// Bytes in the file.
    package func size() throws -> Int { Int(try status().st_size) }

    private func status() throws -> stat {
        var status = stat()
        if fstat(descriptor, &status) != 0 { throw StorageError.last("read", path) }
        return status
    }
}
