import Foundation
import MawsData
import MawsDataFiles
import MawsDataTestSupport
import MawsDataTools
import MawsPlan
import MawsTensor
import Testing

@Suite struct ShardIndexTests {
    @Test func anIndexedShardIsTheShard() throws {
        let folder = try Fixture.folder(count: 20)
        defer { withExtendedLifetime(folder) {} }
        let plain = try Dataset(Fixture.split(["train.tar"]), root: folder.path)
        let result = try ShardIndexer.index("train.tar", root: folder.path)
        #expect(result.sampleCount == 20 && result.problems.isEmpty)
        let indexed = try Dataset(Fixture.split(["train.tar"]), root: folder.path)
        #expect(indexed.fingerprint == plain.fingerprint && indexed.count == 20)
        for index in 0..<20 {
            let (left, right) = (try indexed.sample(index), try plain.sample(index))
            #expect(left.name == right.name && left.image == right.image && left.caption == right.caption)
            #expect(left.hashtags == right.hashtags && left.classIndex == right.classIndex)
        }
    }

    @Test func aShardOfAnotherSizeThanWhenItWasIndexedIsNamed() throws {
        let folder = try Fixture.folder(count: 5)
        _ = try ShardIndexer.index("train.tar", root: folder.path)
        try folder.shard("train.tar", try Fixture.members(6))
        let sentence = Fixture.sentence {
            _ = try Dataset(Fixture.split(["train.tar"], skipLimit: 1), root: folder.path)
        }
        #expect(sentence?.contains("train.tar is unusable at byte") == true)
        #expect(sentence?.contains("when it was indexed; run 'maws data index' again") == true)
    }

    @Test func aMemberThatChangedSinceItWasIndexedIsNamedWithItsPlace() throws {
        let folder = try Fixture.folder(count: 5)
        _ = try ShardIndexer.index("train.tar", root: folder.path)
        var bytes = try folder.bytes("train.tar")
        bytes[512 + 40] ^= 1
        try folder.write(bytes, "train.tar")
        let dataset = try Dataset(Fixture.split(["train.tar"], skipLimit: 1), root: folder.path)
        #expect(try dataset.sample(1).name == "s1")
        let sentence = Fixture.sentence { _ = try dataset.sample(0) }
        #expect(sentence?.hasPrefix("Shard \(folder.path)/train.tar is unusable at byte 512: the image member") == true)
    }

    @Test func anIndexKeepsWhatTheScanSkipped() throws {
        let folder = try Folder()
        defer { withExtendedLifetime(folder) {} }
        try folder.shard("a.tar", [("a.png", [1]), ("../b.png", [2]), ("c.png", [3])])
        let plain = try Dataset(Fixture.split(["a.tar"], skipLimit: 1), root: folder.path)
        #expect(try ShardIndexer.index("a.tar", root: folder.path).problems == plain.problems)
        let indexed = try Dataset(Fixture.split(["a.tar"], skipLimit: 1), root: folder.path)
        #expect(indexed.problems == plain.problems && indexed.problems.count == 1)
    }

    @Test func aCutOrDamagedIndexIsNoIndex() throws {
        let folder = try Fixture.folder(count: 5)
        _ = try ShardIndexer.index("train.tar", root: folder.path)
        let bytes = try folder.bytes("train.tar.maws-index")
        for length in [0, 8, 20, 100, bytes.count - 1] {
            try folder.write(Array(bytes.prefix(length)), "train.tar.maws-index")
            let sentence = Fixture.sentence { _ = try Dataset(Fixture.split(["train.tar"]), root: folder.path) }
            #expect(sentence?.contains("train.tar.maws-index is no whole index") == true)
        }
        for position in stride(from: 0, to: bytes.count, by: 7) {
            var damaged = bytes
            damaged[position] ^= 0x40
            try folder.write(damaged, "train.tar.maws-index")
            #expect(throws: DataError.self) { _ = try Dataset(Fixture.split(["train.tar"]), root: folder.path) }
        }
    }
}

@Suite struct RowStoreTests {
    @Test func aFolderIsReadWhereItLies() throws {
        let folder = try Folder()
        defer { withExtendedLifetime(folder) {} }
        for (value, name) in [(1, "cats/a.png"), (2, "cats/b.png"), (3, "dogs/a.png")] {
            try folder.write(try Fixture.png(UInt8(value)), "photos/" + name)
        }
        try folder.write("a #nice cat", "photos/cats/b.txt")
        try folder.write(##"["#Dog"]"##, "photos/dogs/a.json")
        let dataset = try Dataset(Fixture.split(["folder:photos"]), root: folder.path)
        let samples = try (0..<dataset.count).map { try dataset.sample($0) }
        #expect(samples.map(\.classIndex) == [0, 0, 1])
        #expect(samples.map(\.hashtags) == [[], ["nice"], ["dog"]])
        #expect(samples.map(\.caption) == [nil, "a #nice cat", nil])
        #expect(samples[2].image == (try Fixture.png(3)))
    }

    @Test func aListIsReadWhereItLies() throws {
        let folder = try Folder()
        defer { withExtendedLifetime(folder) {} }
        try folder.write(try Fixture.png(1), "a.png")
        try folder.write("image,caption,class\na.png,one,7\nmissing.png,two,8\n", "list.csv")
        let split = Fixture.split(["list:list.csv"], skipLimit: 0.5)
        let dataset = try Dataset(split, root: folder.path)
        #expect(try dataset.sample(0).classIndex == 7 && dataset.sample(0).caption == "one")
        let sentence = Fixture.sentence { _ = try dataset.sample(1) }
        #expect(
            sentence?.contains("list.csv, line 3, \(folder.path)/missing.png at byte 0: the image is not there") == true
        )
    }

    @Test func badRowsOfAListCountTowardsTheLimit() throws {
        let folder = try Folder()
        defer { withExtendedLifetime(folder) {} }
        try folder.write(try Fixture.png(1), "a.png")
        try folder.write("{\"image\": \"a.png\"}\n[1]\n{\"image\": \"a.png\", \"hashtags\": 3}\n", "list.jsonl")
        let strict = Fixture.sentence { _ = try Dataset(Fixture.split(["list:list.jsonl"]), root: folder.path) }
        #expect(strict?.hasPrefix("2 of the 1 samples of split 'train' are unreadable") == true)
        #expect(strict?.contains("list.jsonl, line 2: expected a JSON object") == true)
    }

    @Test func aFolderTrainsLikeItsPack() throws {
        let folder = try Folder()
        defer { withExtendedLifetime(folder) {} }
        for value in 0..<16 { try folder.write(try Fixture.png(UInt8(value)), "photos/\(value % 2)/\(10 + value).png") }
        _ = try RowPacker.folder(
            folder.path("photos"), classFolders: true, target: PackTarget(output: folder.path, prefix: "my"),
            skipsBadRows: false
        ).pack()
        func images(_ shard: String) throws -> [[Float]] {
            let loader = try BatchLoader(
                plan: Fixture.plan([Fixture.split([shard])]), stage: Fixture.stage(.mae), stageIndex: 0,
                root: folder.path)
            return try (0..<4).map { try loader.batch(step: UInt64($0 / 2), unit: $0 % 2)[.image].floats.array }
        }
        #expect(try images("folder:photos") == images("my-0000.tar"))
    }
}
