import Glibc
import MawsHash

/// A file being written at a temporary name beside its own, renamed when it is complete. Abandoned, it leaves nothing.
package final class OutputFile {
    package private(set) var byteCount: UInt64 = 0
    private let path: String
    private let temporary: String
    private let descriptor: Int32
    private let digest = Hash()
    private var pending: [UInt8] = []
    private var isFinished = false
    private static let bufferSize = 1 << 20

    package init(path: String) throws {
        self.path = path
        temporary = path + ".partial"
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw DataError.system(action: "write", path: path, code: errno) }
    }

    deinit {
        close(descriptor)
        if !isFinished { unlink(temporary) }
    }

    package func write(_ bytes: [UInt8]) throws {
        pending += bytes
        byteCount += UInt64(bytes.count)
        if pending.count >= Self.bufferSize { try flush() }
    }

    /// Makes the file durable under its own name. Returns its SHA-256 in hex.
    package func finish() throws -> String {
        try flush()
        guard fsync(descriptor) == 0, rename(temporary, path) == 0 else {
            throw DataError.system(action: "write", path: path, code: errno)
        }
        isFinished = true
        try OutputFolder.sync(parentOf: path)
        return digest.hexadecimal()
    }

    private func flush() throws {
        digest.update(pending)
        var written = 0
        while written < pending.count {
            let count = pending.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written)
            }
            if count >= 0 {
                written += count
            } else if errno != EINTR {
                throw DataError.system(action: "write", path: path, code: errno)
            }
        }
        pending.removeAll(keepingCapacity: true)
    }

    /// A small file in one go.
    @discardableResult
    package static func write(_ bytes: [UInt8], to path: String) throws -> String {
        let file = try OutputFile(path: path)
        try file.write(bytes)
        return try file.finish()
    }
}
