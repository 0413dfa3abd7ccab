import Foundation
import MawsDataFiles

/// Finds equal contents among any number of samples in bounded memory: hashes go to 256 files by their first byte, and
/// each file is sorted by itself. The folder is removed with the last reference.
final class ContentBuckets {
    /// A content seen before, and the sample that had it first.
    struct Copy: Hashable {
        var sample: Int
        var first: Int
    }

    private static let bucketCount = 256
    private static let recordSize = 24
    private static let bufferSize = 1 << 14

    private let folder: String
    private var buffers = [[UInt8]](repeating: [], count: bucketCount)

    /// - Parameter parent: folder on the disk that takes 24 bytes a sample.
    init(in parent: String) throws {
        folder = "\(parent)/.dedupe-\(getpid())"
        try OutputFolder.make(folder)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// - Parameter hash: at least 16 bytes, which decide.
    func add(_ hash: [UInt8], sample: Int) throws {
        precondition(hash.count >= 16)
        let bucket = Int(hash[0])
        buffers[bucket] += hash.prefix(16)
        buffers[bucket] += (0..<8).map { UInt8(truncatingIfNeeded: sample >> (56 - 8 * $0)) }
        if buffers[bucket].count >= Self.bufferSize { try flush(bucket) }
    }

    /// Every sample whose content an earlier one has, ascending. Ends the collection.
    func copies() throws -> [Copy] {
        var copies: [Copy] = []
        for bucket in 0..<Self.bucketCount {
            try flush(bucket)
            let path = path(bucket)
            if access(path, F_OK) == 0 { copies += Self.copies(try InputFile.contents(path, limit: .max)) }
        }
        return copies.sorted { $0.sample < $1.sample }
    }

    private func path(_ bucket: Int) -> String { "\(folder)/\(bucket)" }

    /// Appends a bucket's buffer to its file; one file is open at a time.
    private func flush(_ bucket: Int) throws {
        guard !buffers[bucket].isEmpty else { return }
        let path = path(bucket)
        guard let file = fopen(path, "ab") else { throw DataError.system(action: "write", path: path, code: errno) }
        let written = fwrite(buffers[bucket], 1, buffers[bucket].count, file)
        guard fclose(file) == 0, written == buffers[bucket].count else {
            throw DataError.system(action: "write", path: path, code: errno)
        }
        buffers[bucket].removeAll(keepingCapacity: true)
    }

    private static func copies(_ bytes: [UInt8]) -> [Copy] {
        let records = stride(from: 0, to: bytes.count, by: recordSize).map { start in
            (high: word(bytes, start), low: word(bytes, start + 8), sample: Int(word(bytes, start + 16)))
        }
        let sorted = records.sorted { ($0.high, $0.low, $0.sample) < ($1.high, $1.low, $1.sample) }
        var copies: [Copy] = []
        var first = 0
        for index in sorted.indices.dropFirst() {
            if sorted[index].high != sorted[first].high || sorted[index].low != sorted[first].low {
                first = index
            } else {
                copies.append(Copy(sample: sorted[index].sample, first: sorted[first].sample))
            }
        }
        return copies
    }

    /// Eight bytes, the first the highest.
    private static func word(_ bytes: [UInt8], _ start: Int) -> UInt64 {
        (0..<8).reduce(0) { $0 << 8 | UInt64(bytes[start + $1]) }
    }
}
