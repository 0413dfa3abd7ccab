import Glibc
import MawsHash

/// A file open for positioned reads. Closed when the last reference goes, so a reader never loses it mid-read.
package final class InputFile: Sendable {
    package let path: String
    package let size: UInt64
    private let descriptor: Int32

    package convenience init(path: String) throws { try self.init(ByteName(path)) }

    package init(_ name: ByteName) throws {
        path = "\(name)"
        descriptor = name.withPath { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else { throw DataError.system(action: "open", path: path, code: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            close(descriptor)
            throw isFolder
                ? DataError.system(action: "read", path: path, code: EISDIR)
                : DataError.file(path: path, problem: "is a pipe, a socket or a device and no file")
        }
        size = UInt64(max(0, status.st_size))
    }

    deinit { close(descriptor) }

    /// Exactly `count` bytes from `offset`. The caller has checked the range against `size`; a file that has shrunk
    /// since it was opened is an error.
    package func read(offset: UInt64, count: Int) throws -> [UInt8] {
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = pread(descriptor, buffer.baseAddress! + filled, count - filled, off_t(offset) + off_t(filled))
                if got < 0, errno == EINTR { continue }
                if got < 0 { code = errno }
                if got <= 0 { break }
                filled += got
            }
        }
        guard bytes.count == count else {
            if code != 0 { throw DataError.system(action: "read", path: path, code: code) }
            throw DataError.file(path: path, problem: "ended early: it has changed since it was opened")
        }
        return bytes
    }

    /// SHA-256 in hex of a file's content, in no more than a buffer's memory.
    package static func hash(_ path: String) throws -> String {
        let file = try InputFile(path: path)
        let digest = Hash()
        var offset: UInt64 = 0
        while offset < file.size {
            let bytes = try file.read(offset: offset, count: Int(min(1 << 20, file.size - offset)))
            digest.update(bytes)
            offset += UInt64(bytes.count)
        }
        return digest.hexadecimal()
    }

    /// The whole file, refused when it is larger than `limit` bytes.
    package static func contents(_ path: String, limit: Int) throws -> [UInt8] {
        try contents(ByteName(path), limit: limit)
    }

    package static func contents(_ name: ByteName, limit: Int) throws -> [UInt8] {
        let file = try InputFile(name)
        guard file.size <= UInt64(limit) else {
            throw DataError.file(path: file.path, problem: "has \(file.size) bytes, above the limit of \(limit)")
        }
        return try file.read(offset: 0, count: Int(file.size))
    }
}
