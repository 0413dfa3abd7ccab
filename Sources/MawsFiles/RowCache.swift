import Glibc
import MawsHash
import Synchronization

/// Rows of floats by number, in a file that may be lost, cut or half written at any moment: a row is what was put in
/// under this key and number, or it is not there.
///
/// The file is a table of records, each a digest of (key, number, values) and the values. Numbers that share a record
/// overwrite each other. Any number of threads and processes may use one file: whatever they leave of each other's
/// records has the right digest or counts as missing.
package final class RowCache: Sendable {
    private static let digestBytes = 16

    private let file: OpenFile
    private let key: [UInt8]
    private let width: Int
    private let recordCount: Int
    private let failure = Mutex<StorageError?>(nil)

    /// - Parameters:
    ///   - folder: the file's, which is made when missing and gets a file of the key's name; nil: a file in the
    ///     system's temporary folder that has no name and is gone with the process.
    ///   - key: of everything that the values depend on besides their number.
    ///   - width: values in a row.
    ///   - rows: numbers that there are.
    ///   - byteCountMax: of the file.
    package init(folder: String?, key: [UInt8], width: Int, rows: Int, byteCountMax: Int) throws {
        precondition(width > 0 && rows > 0)
        (self.key, self.width) = (key, width)
        recordCount = max(1, min(rows, byteCountMax / Self.recordBytes(width)))
        let name = "\(Hash.hexadecimal(of: key).prefix(32)).rows"
        if let folder {
            try Folder.make(folder, mode: 0o700)
            file = try OpenFile("\(folder)/\(name)", flags: O_RDWR | O_CREAT, mode: 0o600, action: "write")
        } else {
            file = try Self.nameless(name)
        }
    }

    private static func nameless(_ name: String) throws -> OpenFile {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        let path = "\(folder)/maws-\(getpid())-\(name)"
        defer { unlink(path) }
        return try OpenFile(path, flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o600, action: "write")
    }

    /// The row of this number; nil where it is not there.
    package func row(_ number: UInt64) -> [Float]? {
        var record = [UInt8](repeating: 0, count: Self.recordBytes(width))
        let isRead: Void? = record.withUnsafeMutableBytes { try? file.read(into: $0, at: offset(number)) }
        guard isRead != nil else { return nil }
        return record.withUnsafeBytes { bytes in
            let values = UnsafeRawBufferPointer(rebasing: bytes[Self.digestBytes...])
            guard bytes.prefix(Self.digestBytes).elementsEqual(digest(number, values)) else { return nil }
            return (0..<width).map { values.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
    }

    /// Keeps the row, or does not: a full disk loses rows and nothing else.
    package func put(_ values: [Float], _ number: UInt64) {
        precondition(values.count == width)
        let record = values.withUnsafeBytes { digest(number, $0) + $0 }
        do {
            try record.withUnsafeBytes { try file.write($0, at: offset(number)) }
        } catch {
            failure.withLock { failure in failure = failure ?? error as? StorageError }
        }
    }

    /// What went wrong first since the last call.
    package func takeFailure() -> StorageError? {
        failure.withLock { failure in
            defer { failure = nil }
            return failure
        }
    }

    private static func recordBytes(_ width: Int) -> Int { digestBytes + 4 * width }

    private func offset(_ number: UInt64) -> Int {
        Int(number % UInt64(recordCount)) * Self.recordBytes(width)
    }

    private func digest(_ number: UInt64, _ values: UnsafeRawBufferPointer) -> ArraySlice<UInt8> {
        let hash = Hash()
        hash.update(key)
        withUnsafeBytes(of: number.littleEndian) { hash.update($0) }
        hash.update(values)
        return hash.digest().prefix(Self.digestBytes)
    }
}
