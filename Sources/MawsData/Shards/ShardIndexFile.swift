import MawsBase
import MawsDataFiles
import MawsHash

/// The file that holds a shard's index, `SHARD.maws-index` beside the shard or a note in the cache: where every sample
/// lies, and a checksum of each of its members, so that a shard need not be scanned and cannot change unnoticed.
///
/// All numbers little-endian: `MAWSIDX2`, size of the shard (8 bytes), number of samples (4) and of problems (4); of
/// each sample its offset (8), then for image, caption, hashtags and class the distance of the data from the offset (4
/// x 4), the sizes (4 x 4), the CRC-32C (4 x 4), and the key (2 bytes of length, the bytes of the name); of each
/// problem its offset (8), member and reason (2 bytes of length each, UTF-8); the number of reasons why members are no
/// part of a sample, or samples are doubtful (4), of each the reason and an example (2 bytes of length each, UTF-8) and
/// how many (8); the CRC-32C of everything before (4). `MAWSIDX1`, which older versions wrote, lacks those reasons.
package enum ShardIndexFile {
    package static let ending = "maws-index"
    package static let sizeMax = 1 << 30
    package static let magic = Array("MAWSIDX2".utf8)
    private static let oldMagic = Array("MAWSIDX1".utf8)

    /// The index of a file of `size` bytes; nil for bytes that are no index.
    /// - Parameter digest: takes what scanning the shard would give it.
    static func decode(
        _ bytes: [UInt8], path: String, size: UInt64?, digest: Hash
    ) throws -> (index: ShardIndex, size: UInt64)? {
        let isOld = bytes.starts(with: oldMagic)
        guard bytes.count >= magic.count + 20, isOld || bytes.starts(with: magic) else { return nil }
        let body = bytes.count - 4
        var cursor = ByteCursor(bytes, from: magic.count)
        var tail = ByteCursor(bytes, from: body)
        guard tail.number(4) == UInt64(CRC32C.checksum(bytes.span.extracting(first: body).bytes)),
            let indexed = cursor.number(8), indexed < 1 << 62, let samples = cursor.number(4),
            let problems = cursor.number(4)
        else { return nil }
        if let size, size != indexed {
            throw DataError.shard(
                path: path, offset: min(size, indexed),
                problem: "it has \(size) bytes and had \(indexed) when it was indexed; run 'maws data index' again")
        }
        guard var index = index(&cursor, Int(samples), Int(problems), path: path, size: indexed, digest) else {
            return nil
        }
        if !isOld {
            guard let account = account(&cursor) else { return nil }
            index.account = account
        }
        return (index, indexed)
    }

    private static func index(
        _ cursor: inout ByteCursor, _ sampleCount: Int, _ problemCount: Int, path: String, size: UInt64, _ digest: Hash
    ) -> ShardIndex? {
        var (samples, checksums): ([SampleLocation], [SIMD4<UInt32>]) = ([], [])
        var (problems, summaries, dotted): ([SkippedSample], [UInt8], Set<Int>) = ([], [], [])
        for number in 0..<sampleCount {
            guard let offset = cursor.number(8), let distances = cursor.vector(), let sizes = cursor.vector(),
                let sums = cursor.vector(), let key = cursor.name().map({ ByteName($0) })
            else { return nil }
            let location = SampleLocation(offset: offset, distances: distances, sizes: sizes)
            guard offset < size, location.end <= size else { return nil }
            samples.append(location)
            checksums.append(sums)
            if key.base.bytes.contains(UInt8(ascii: ".")) { dotted.insert(number) }
            summaries += SampleDraft.head(key)
            for part in location.order { summaries += SampleDraft.summary(part, size: UInt64(location.size(part))) }
        }
        for _ in 0..<problemCount {
            guard let offset = cursor.number(8), let member = cursor.text(), let reason = cursor.text() else {
                return nil
            }
            problems.append(SkippedSample(shard: path, member: member, offset: offset, reason: reason))
        }
        digest.update(summaries)
        return ShardIndex(samples: samples, checksums: checksums, dotted: dotted, problems: problems)
    }

    private static func account(_ cursor: inout ByteCursor) -> SampleAccount? {
        guard let count = cursor.number(4) else { return nil }
        var account = SampleAccount()
        for _ in 0..<count {
            guard let reason = cursor.text(), let example = cursor.text(), let found = cursor.number(8),
                found < 1 << 40
            else { return nil }
            let fate: SampleAccount.Fate = Self.isOfSamples(reason) ? .incomplete : .ignored
            account.add(fate, reason, example: example.isEmpty ? nil : example, count: Int(found))
        }
        return account
    }

    /// Whether a reason is about samples that are used.
    private static func isOfSamples(_ reason: String) -> Bool {
        [SampleAccount.noEnd, SampleAccount.besideDamage].contains(reason)
    }
}

extension SampleLocation {
    /// The parts as they follow one another in the shard.
    fileprivate var order: [SamplePart] {
        SamplePart.allCases.filter(has).sorted { dataOffset($0) < dataOffset($1) }
    }
}

/// Collects what an index file holds while a shard is scanned.
package final class ShardIndexRecorder {
    private var samples: [UInt8] = []
    private var problems: [UInt8] = []
    private var reasons: [UInt8] = []
    private var reasonCount = 0
    private var sampleCount = 0
    private var problemCount = 0
    private let progress: (UInt64) -> Void

    /// - Parameter progress: told after each sample how many bytes of the shard are done.
    package init(progress: @escaping (UInt64) -> Void = { _ in }) { self.progress = progress }

    package func add(_ location: SampleLocation, _ checksums: SIMD4<UInt32>, key: ByteName) {
        sampleCount += 1
        samples.append(location.offset, bytes: 8)
        for vector in [location.distances, location.sizes, checksums] {
            for index in 0..<4 { samples.append(UInt64(vector[index]), bytes: 4) }
        }
        samples.append(key.bytes[...])
        progress(location.end)
    }

    package func add(_ found: [SkippedSample], _ account: SampleAccount) {
        for entry in account.entries(.ignored) + account.entries(.incomplete) {
            reasonCount += 1
            reasons.append(entry.reason)
            reasons.append(entry.examples.first ?? "")
            reasons.append(UInt64(entry.count), bytes: 8)
        }
        for problem in found {
            problemCount += 1
            problems.append(problem.offset, bytes: 8)
            problems.append(problem.member)
            problems.append(problem.reason)
        }
    }

    /// - Parameter size: of the shard.
    package func encoded(size: UInt64) -> [UInt8] {
        var bytes = ShardIndexFile.magic
        bytes.append(size, bytes: 8)
        bytes.append(UInt64(sampleCount), bytes: 4)
        bytes.append(UInt64(problemCount), bytes: 4)
        bytes += samples + problems
        bytes.append(UInt64(reasonCount), bytes: 4)
        bytes += reasons
        bytes.append(UInt64(CRC32C.checksum(bytes)), bytes: 4)
        return bytes
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ value: UInt64, bytes: Int) {
        for index in 0..<bytes { append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))) }
    }

    fileprivate mutating func append(_ text: String) { append(Array(text.utf8)[...]) }

    fileprivate mutating func append(_ text: ArraySlice<UInt8>) {
        let bytes = text.prefix(1 << 16 - 1)
        append(UInt64(bytes.count), bytes: 2)
        self += bytes
    }
}

/// Reads numbers and texts one after the other; nil beyond the end.
private struct ByteCursor {
    private let bytes: [UInt8]
    private var position: Int

    init(_ bytes: [UInt8], from position: Int) {
        self.bytes = bytes
        self.position = position
    }

    mutating func number(_ count: Int) -> UInt64? {
        guard position + count <= bytes.count else { return nil }
        var value: UInt64 = 0
        for index in 0..<count { value |= UInt64(bytes[position + index]) << (8 * UInt64(index)) }
        position += count
        return value
    }

    mutating func vector() -> SIMD4<UInt32>? {
        var vector = SIMD4<UInt32>()
        for index in 0..<4 {
            guard let value = number(4) else { return nil }
            vector[index] = UInt32(truncatingIfNeeded: value)
        }
        return vector
    }

    mutating func text() -> String? { name().map { String(decoding: $0, as: UTF8.self) } }

    mutating func name() -> ArraySlice<UInt8>? {
        guard let count = number(2).map(Int.init), position + count <= bytes.count else { return nil }
        defer { position += count }
        return bytes[position..<position + count]
    }
}
