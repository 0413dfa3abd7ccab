import Foundation
import MawsBase
import MawsData
import MawsDataFiles
import MawsDataTestSupport
import Testing

/// Tar files as programs write them, and files that are called so and are none.
@Suite struct TarKindTests {
    @Test func namesAreBytesAndNoTwoOfThemAreOne() throws {
        let folder = try Folder()
        defer { withExtendedLifetime(folder) {} }
        // Four names in GBK, none of which is UTF-8, and two spellings of one letter.
        let names: [[UInt8]] = [
            [0xD5, 0xC5, 0xC8, 0xFD], [0xC0, 0xEE, 0xCB, 0xC4], [0xCD, 0xF5, 0xCE, 0xE5], [0xD5, 0xD4, 0xC1, 0xF9],
            Array("\u{E9}".utf8), Array("e\u{301}".utf8),
        ]
        try FileManager.default.createDirectory(atPath: folder.path("in"), withIntermediateDirectories: true)
        for (number, name) in names.enumerated() {
            try folder.write(Fixture.png(UInt8(number)), named: Array("in/".utf8) + name + Array(".png".utf8))
            try folder.write(Array("caption \(number)".utf8), named: Array("in/".utf8) + name + Array(".txt".utf8))
        }
        try folder.tar("-cf", folder.path("a.tar"), "--sort=name", "-C", folder.path("in"), ".")
        let dataset = try Dataset(Fixture.split(["a.tar"]), root: folder.path)
        let samples = try (0..<dataset.count).map { try dataset.sample($0) }
        #expect(samples.count == 6)
        for sample in samples {
            let number = try #require(sample.caption.flatMap { Int($0.dropFirst(8)) })
            #expect(sample.image == (try Fixture.png(UInt8(number))))
        }
        #expect(samples.contains { $0.name == #"\xD5\xC5\xC8\xFD"# })
        _ = try ShardIndexer.index("a.tar", root: folder.path)
        let indexed = try Dataset(Fixture.split(["a.tar"]), root: folder.path)
        #expect(indexed.fingerprint == dataset.fingerprint && indexed.count == 6)
    }

    @Test(arguments: [
        "--format=gnu", "--format=pax", "--format=pax --sparse-version=0.1", "--format=pax --sparse-version=0.0",
    ])
    func membersWithHolesAreNamedAndTakeTheirSampleWithThem(options: String) throws {
        let folder = try Folder()
        defer { withExtendedLifetime(folder) {} }
        for name in ["a", "c"] {
            try folder.write(try Fixture.png(1), "in/\(name).png")
            try folder.write("caption", "in/\(name).txt")
        }
        // Many holes, so that their map takes several blocks.
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.path("in/a.png")))
        for number in 1...60 {
            try file.seek(toOffset: UInt64(number * 100_000))
            try file.write(contentsOf: Data([1]))
        }
        try file.close()
        try folder.tar(
            ["-S"] + options.split(separator: " ").map(String.init)
                + [
                    "--sort=name", "-cf", folder.path("a.tar"), "-C", folder.path("in"), "a.png", "a.txt", "c.png",
                    "c.txt",
                ])
        let dataset = try Dataset(Fixture.split(["a.tar"], skipLimit: 1), root: folder.path)
        #expect(dataset.problems.map(\.member) == ["a.png"])
        #expect(dataset.problems.first?.reason.contains("member 'a.png' is stored with holes") == true)
        #expect(dataset.count == 1)
        #expect(try dataset.sample(0).name == "c" && dataset.sample(0).image == Fixture.png(1))
    }

    @Test func whatIsNoTarFileIsNamedAsWhatItIs() throws {
        let folder = try Folder()
        defer { withExtendedLifetime(folder) {} }
        try folder.shard("a.tar", try Fixture.members(3))
        let kinds: [(head: [UInt8], words: String)] = [
            ([0x1F, 0x8B, 8], "it is no tar file but compressed with gzip; unpack it with 'gunzip'"),
            ([0x28, 0xB5, 0x2F, 0xFD], "compressed with zstd; unpack it with 'zstd -d'"),
            ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "compressed with xz"),
            (Array("BZh91AY&SY".utf8), "compressed with bzip2"),
            ([0x04, 0x22, 0x4D, 0x18], "compressed with lz4"),
            ([0x50, 0x4B, 3, 4], "a zip archive; unpack it into a folder"),
            (Array("PAR1".utf8), "a Parquet file"),
            (Array("<!DOCTYPE html>".utf8), "a web page or XML text; the server"),
            (Array("version https://git-lfs.github.com/spec/v1\n".utf8), "fetch it with 'git lfs pull'"),
            ([0xFF, 0xD8, 0xFF, 0xE0], "there is no tar header"),
        ]
        for (head, words) in kinds {
            for length in [300, 4000] {
                try folder.write(head + [UInt8](repeating: 65, count: length), "b.tar")
                let sentence = Fixture.sentence {
                    _ = try Dataset(Fixture.split(["b.tar"], skipLimit: 1), root: folder.path)
                }
                let isNamed = sentence?.contains(words) == true && sentence?.contains("/b.tar") == true
                // What is shorter than a header says as much only where its kind is known.
                #expect(isNamed || length == 300 && head.first == 0xFF, "\(sentence ?? "read")")
            }
        }
    }

    @Test func archivesWrittenOneAfterTheOtherAreRead() throws {
        let folder = try Folder()
        try folder.shard("a.tar", [("a.png", [1]), ("b.png", [2])])
        try folder.shard("b.tar", [("c.png", [3]), ("d.png", [4])])
        try folder.shard("none.tar", [])
        let parts = try ["a.tar", "none.tar", "none.tar", "b.tar"].map { try folder.bytes($0) }
        try folder.write(parts.flatMap { $0 }, "all.tar")
        let dataset = try Dataset(Fixture.split(["all.tar"]), root: folder.path)
        #expect(try (0..<dataset.count).map { try dataset.sample($0).name } == ["a", "b", "c", "d"])
    }

    @Test func linksAndDevicesAreNamedWithTheirSample() throws {
        let folder = try Folder()
        defer { withExtendedLifetime(folder) {} }
        for name in ["a", "c"] {
            try folder.write(try Fixture.png(2), "in/\(name).png")
            try folder.write("caption", "in/\(name).txt")
        }
        try FileManager.default.linkItem(atPath: folder.path("in/a.png"), toPath: folder.path("in/b.png"))
        try folder.write("caption", "in/b.txt")
        try folder.link("in/latest", to: ".")
        try folder.tar("-cf", folder.path("a.tar"), "--sort=name", "-C", folder.path("in"), ".")
        let dataset = try Dataset(Fixture.split(["a.tar"], skipLimit: 1), root: folder.path)
        #expect(try (0..<dataset.count).map { try dataset.sample($0).name } == ["a", "c"])
        #expect(dataset.problems.count == 1 && dataset.account.entries(.ignored).map(\.examples) == [["latest"]])
        #expect(dataset.problems[0].reason.contains("member 'b.png' is a link, which a shard may not hold"))
        for (flag, words) in [("3", "is a device"), ("6", "is a pipe"), ("M", "from another volume"), ("@", "type @")] {
            let header = TarWriter.header(name: "a.png", size: 0, flag: Character(flag).asciiValue ?? 0)
            try folder.write(header + [UInt8](repeating: 0, count: 1024), "b.tar")
            let sentence = Fixture.sentence { _ = try Dataset(Fixture.split(["b.tar"]), root: folder.path) }
            #expect(sentence?.contains("member 'a.png' is") == true && sentence?.contains(words) == true)
        }
    }

    @Test func entriesThatAreNoMembersAreNoProblem() throws {
        let folder = try Folder()
        defer { withExtendedLifetime(folder) {} }
        let deep = String(repeating: "a folder with a long name/", count: 8)
        try folder.write(try Fixture.png(1), "in/\(deep)x.png")
        try folder.write(try Fixture.png(2), "in/z.png")
        let comment = String(repeating: "c", count: 40_000)
        let pax = ["--format=pax", "--pax-option=comment=\(comment),comment:=\(comment)\(comment)"]
        for options in [
            ["--format=gnu", "--label=photos"], pax, ["--format=gnu", "--incremental"], ["--format=oldgnu"],
        ] {
            try folder.tar(options + ["--sort=name", "-cf", folder.path("a.tar"), "-C", folder.path("in"), "."])
            let dataset = try Dataset(Fixture.split(["a.tar"]), root: folder.path)
            let names = try (0..<dataset.count).map { try dataset.sample($0).name }
            #expect(names.sorted() == [deep + "x", "z"], "\(options)")
        }
    }

    @Test func oldHeadersAreRead() throws {
        let folder = try Folder()
        // A size in base 256.
        var large = TarWriter.header(name: "a.png", size: 1, flag: UInt8(ascii: "0"))
        large.replaceSubrange(124..<136, with: [0x80] + [UInt8](repeating: 0, count: 10) + [1])
        // A folder as it was before ustar, and a checksum of signed bytes.
        let place = TarWriter.header(name: "in/", size: 0, flag: 0)
        var latin = TarWriter.header(name: "in/x.png", size: 1, flag: UInt8(ascii: "0"))
        latin[3] = 0xE9
        let data = [7] + [UInt8](repeating: 0, count: 511)
        let bytes =
            Self.summed(large) + data + place + Self.summed(latin, isSigned: true) + data
            + [UInt8](repeating: 0, count: 1024)
        try folder.write(bytes, "a.tar")
        let dataset = try Dataset(Fixture.split(["a.tar"]), root: folder.path)
        #expect(try (0..<dataset.count).map { try dataset.sample($0).name } == ["a", #"in/\xE9"#])
        #expect(try dataset.sample(1).image == [7])
    }

    @Test func emptyShardsAreShards() throws {
        let folder = try Fixture.folder(count: 4)
        defer { withExtendedLifetime(folder) {} }
        try folder.shard("empty.tar", [])
        try folder.write(
            TarWriter.header(name: "in/", size: 0, flag: UInt8(ascii: "5")) + [UInt8](repeating: 0, count: 1024),
            "folders.tar")
        let shards = ["empty.tar", "train.tar", "folders.tar"]
        let plain = try Dataset(Fixture.split(shards), root: folder.path)
        for shard in shards { _ = try ShardIndexer.index(shard, root: folder.path) }
        let indexed = try Dataset(Fixture.split(shards), root: folder.path)
        #expect(plain.count == 4 && indexed.count == 4 && indexed.fingerprint == plain.fingerprint)
        #expect(try indexed.sample(0).name == "s0" && indexed.sample(3).name == "s3")
        try folder.write([], "nothing.tar")
        let sentence = Fixture.sentence {
            _ = try Dataset(Fixture.split(["train.tar", "nothing.tar"]), root: folder.path)
        }
        #expect(sentence?.contains("/nothing.tar at byte 0: the file has no bytes; copy it again") == true)
    }

    /// The header with the checksum that it should have.
    private static func summed(_ header: [UInt8], isSigned: Bool = false) -> [UInt8] {
        var block = header
        block.replaceSubrange(148..<156, with: [UInt8](repeating: 32, count: 8))
        let sum = block.reduce(0) { $0 + (isSigned ? Int(Int8(bitPattern: $1)) : Int($1)) }
        let digits = String(sum, radix: 8)
        block.replaceSubrange(
            148..<156, with: Array((String(repeating: "0", count: 6 - digits.count) + digits + "\0 ").utf8))
        return block
    }
}

/// Names with several dots, and members that no sample has.
@Suite struct MemberNameTests {
    @Test func aDotInANameIsPartOfIt() throws {
        let dataset = try Self.dataset([
            ("0.jpg", "i0"), ("holiday v1.2.jpg", "i1"), ("holiday v1.2.txt", "a caption"), ("x.cls", "3"),
            ("x.input.png", "i2"),
        ])
        let samples = try Self.samples(dataset)
        #expect(samples.map(\.name) == ["0", "holiday v1", "x"])
        #expect(samples.map(\.image) == ["i0", "i1", "i2"].map { Array($0.utf8) })
        #expect(samples.map(\.caption) == [nil, "a caption", nil] && samples.map(\.classIndex) == [nil, nil, 3])
        #expect(dataset.account.count(.ignored) == 0)
    }

    @Test func severalImagesOfAKeyAreSamplesOfTheirOwn() throws {
        let members = (1...12).flatMap { [("St. Paul \($0).jpg", "i\($0)"), ("St. Paul \($0).txt", "c\($0)")] }
        // In the order of a folder whose captions were added later, too.
        for order in [members, members.filter { $0.0.hasSuffix("jpg") } + members.filter { $0.0.hasSuffix("txt") }] {
            let dataset = try Self.dataset(order + [("St.txt", "no one's")])
            let samples = try Self.samples(dataset)
            #expect(samples.map(\.name) == (1...12).map { "St. Paul \($0)" })
            #expect(samples.map(\.caption) == (1...12).map { "c\($0)" })
            #expect(dataset.account.entries(.ignored).map(\.examples) == [["St.txt"]])
        }
    }

    @Test func whatIsBesideASamplesImageIsCounted() throws {
        let dataset = try Self.dataset([
            ("0.jpg", "i"), ("0.seg.png", "s"), ("0.mp3", "m"), ("1.jpg", "i"), ("1.seg.png", "s"), ("README", "r"),
            ("._1.jpg", "h"), ("__MACOSX/2.jpg", "h"), ("a/.ipynb_checkpoints/2.jpg", "h"), ("3.b.txt", "t"),
        ])
        #expect(try Self.samples(dataset).map(\.name) == ["0", "1"])
        let ignored = dataset.account.entries(.ignored)
        #expect(ignored.map(\.count) == [3, 2, 1, 1, 1])
        #expect(ignored[0].reason == "hidden files, and what macOS and notebooks leave behind")
        #expect(ignored[1].reason == "beside the image of a sample, with a longer ending")
        #expect(ignored[1].examples == ["0.seg.png", "1.seg.png"])
        #expect(ignored[2...].map(\.reason).sorted().contains("what ends in .mp3"))
    }

    @Test func anIndexKeepsNamesAndCounts() throws {
        let folder = try Folder()
        defer { withExtendedLifetime(folder) {} }
        try folder.shard(
            "a.tar", [("v1.1.png", [1]), ("v1.2.png", [2]), ("b.png", [3]), ("b.mp3", [1]), ("c.mp3", [1])])
        let plain = try Dataset(Fixture.split(["a.tar"]), root: folder.path)
        _ = try ShardIndexer.index("a.tar", root: folder.path)
        let indexed = try Dataset(Fixture.split(["a.tar"]), root: folder.path)
        #expect(try Self.samples(indexed).map(\.name) == ["v1.1", "v1.2", "b"])
        #expect(indexed.fingerprint == plain.fingerprint)
        #expect(indexed.account.count(.ignored, "what ends in .mp3") == 2 && plain.account.count(.ignored) == 2)
    }

    @Test func anIndexOfAnOlderVersionIsRead() throws {
        let folder = try Fixture.folder(count: 5)
        defer { withExtendedLifetime(folder) {} }
        let plain = try Dataset(Fixture.split(["train.tar"]), root: folder.path)
        _ = try ShardIndexer.index("train.tar", root: folder.path)
        // Without the number of reasons and the checksum, which follow the samples.
        var bytes = Array(try folder.bytes("train.tar.maws-index").dropLast(8))
        bytes[7] = UInt8(ascii: "1")
        let checksum = CRC32C.checksum(bytes)
        bytes += (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (8 * UInt32($0))) }
        try folder.write(bytes, "train.tar.maws-index")
        #expect(try Dataset(Fixture.split(["train.tar"]), root: folder.path).fingerprint == plain.fingerprint)
    }

    @Test func aShardNewerThanItsIndexIsComparedWithIt() throws {
        let folder = try Fixture.folder(count: 5)
        defer { withExtendedLifetime(folder) {} }
        _ = try ShardIndexer.index("train.tar", root: folder.path)
        // Copied later: the same shard.
        try folder.write(try folder.bytes("train.tar"), "train.tar")
        try folder.age("train.tar.maws-index")
        #expect(try Dataset(Fixture.split(["train.tar"]), root: folder.path).count == 5)
        // The shard has the same size, with other names.
        try folder.shard("train.tar", try Fixture.members(5).map { ("t\($0.name.dropFirst())", $0.data) })
        try folder.age("train.tar.maws-index")
        let sentence = Fixture.sentence { _ = try Dataset(Fixture.split(["train.tar"]), root: folder.path) }
        #expect(sentence?.contains("it has changed since it was indexed; run 'maws data index' again") == true)
    }

    private static func dataset(_ members: [(String, String)]) throws -> Dataset {
        let folder = try Folder()
        defer { withExtendedLifetime(folder) {} }
        try folder.shard("a.tar", members.map { ($0.0, Array($0.1.utf8)) })
        return try Dataset(Fixture.split(["a.tar"]), root: folder.path)
    }

    private static func samples(_ dataset: Dataset) throws -> [Sample] {
        try (0..<dataset.count).map { try dataset.sample($0) }
    }
}
