import Foundation
import MawsFiles
import Testing

struct RowCacheTests {
    private let key = [UInt8](repeating: 7, count: 32)
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func cache(key: [UInt8]? = nil, rows: Int = 10, byteCountMax: Int = 1 << 20) throws -> RowCache {
        try RowCache(
            folder: folder.file("cache"), key: key ?? self.key, width: 3, rows: rows, byteCountMax: byteCountMax)
    }

    private var fileName: String {
        get throws { try #require(try folder.names("cache").first) }
    }

    @Test func rowsAreFoundByEveryoneWhoHasTheKey() throws {
        let (one, other) = (try cache(), try cache())
        #expect(one.row(4) == nil)
        one.put([1, -0.0, .infinity], 4)
        #expect(other.row(4)?.map(\.bitPattern) == [1, -0.0, Float.infinity].map(\.bitPattern))
        #expect(other.row(3) == nil && other.row(5) == nil)
        #expect(try cache(key: [UInt8](repeating: 8, count: 32)).row(4) == nil)
    }

    @Test func aRecordThatIsDamagedOrCutIsNotThere() throws {
        let one = try cache()
        for number in 0..<10 { one.put([Float(number), 2, 3], UInt64(number)) }
        for offset in 0..<28 {
            try folder.damage("cache/\(fileName)", at: 28 * 4 + offset)
            #expect(one.row(4) == nil, "byte \(offset)")
            try folder.damage("cache/\(fileName)", at: 28 * 4 + offset)
        }
        #expect(one.row(4) == [4, 2, 3])
        truncate(folder.file("cache/\(try fileName)"), 28 * 9 + 20)
        #expect(one.row(9) == nil && one.row(8) == [8, 2, 3])
    }

    @Test func aRecordOfAnotherKeyOrNumberInItsPlaceIsNotThere() throws {
        // Room for three records: 1 and 4 share one.
        let small = try cache(byteCountMax: 3 * 28)
        small.put([1, 1, 1], 1)
        small.put([4, 4, 4], 4)
        #expect(small.row(1) == nil && small.row(4) == [4, 4, 4])
        let size = try FileManager.default.attributesOfItem(atPath: folder.file("cache/\(fileName)"))[.size] as? Int
        #expect((size ?? 0) <= 3 * 28)
        // As if the file of one key were given the name of another.
        let foreign = [UInt8](repeating: 8, count: 32)
        _ = try cache(key: foreign)
        let names = try folder.names("cache").map { folder.file("cache/\($0)") }
        let full = try #require(names.first { (try? Data(contentsOf: URL(filePath: $0)).isEmpty) == false })
        let empty = try #require(names.first { $0 != full })
        try Data(contentsOf: URL(filePath: full)).write(to: URL(filePath: empty))
        #expect(try cache(key: foreign, byteCountMax: 3 * 28).row(4) == nil)
    }

    @Test func aFileWithoutANameLeavesNothing() throws {
        let cache = try RowCache(folder: nil, key: key, width: 3, rows: 10, byteCountMax: 1 << 20)
        cache.put([1, 2, 3], 9)
        #expect(cache.row(9) == [1, 2, 3] && cache.row(8) == nil)
        let left = try FileManager.default.contentsOfDirectory(atPath: NSTemporaryDirectory())
        #expect(!left.contains { $0.hasPrefix("maws-\(getpid())-") && $0.hasSuffix(".rows") })
    }

    @Test func aFolderThatCannotBeMadeIsOneSentence() throws {
        try Data().write(to: URL(filePath: folder.file("cache")))
        let error = try #require(throws: StorageError.self) { try cache() }
        #expect("\(error)".contains("cache"))
    }
}
