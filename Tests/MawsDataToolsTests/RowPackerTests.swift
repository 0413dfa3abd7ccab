import Foundation
import MawsData
import MawsDataFiles
import MawsDataTestSupport
import MawsDataTools
import Testing

@Suite struct RowPackerTests {
    @Test func imagesWithWrongBitsAreCounted() throws {
        let folder = try Folder()
        let files = try GoldenImageKinds.load().files.filter { $0.name.hasPrefix("jpeg: ") }
        for file in files { try folder.write([UInt8](file.file), "in/\(file.name).jpg") }
        let result = try RowPacker.folder(
            folder.path("in"), classFolders: false, target: PackTarget(output: folder.path("out"), prefix: "my"),
            skipsBadRows: false
        ).pack()
        #expect(result.manifest.sampleCount == files.count && result.problems.isEmpty)
        let packed = result.account.entries(.incomplete).first { $0.reason == SampleAccount.doubtful }
        #expect(packed?.examples.map { $0.hasSuffix("an_end_mark_too_early") } == [true])
        let survey = try ShardSurvey(shards: [folder.path("out/my-0000.tar")])
        #expect(survey.account.count(.incomplete, SampleAccount.doubtful) == 1 && survey.problems.isEmpty)
    }

    @Test func aFolderKeepsImagesCaptionsHashtagsAndClasses() throws {
        let folder = try Self.images()
        try folder.write("on the beach #Sea #sun", "in/dogs/a.txt")
        try folder.write(##"["One", "#two"]"##, "in/cats/b.x.json")
        let result = try RowPacker.folder(
            folder.path("in"), classFolders: true, target: Self.target(folder), skipsBadRows: false
        ).pack()
        #expect(result.manifest.sampleCount == 3 && !result.wasThere)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path("out")).sorted() == [
                "my-0000.tar", "my-0001.tar", "my-classes.txt", "my-hashtags.txt", "my-pack.json",
            ])
        #expect(try SplitFiles.classes(path: folder.path("out/my-classes.txt")) == [["cats"], ["dogs"]])
        #expect(try folder.text("out/my-hashtags.txt") == "one\t1\nsea\t1\nsun\t1\ntwo\t1\n")
        let samples = try Self.samples(folder)
        #expect(samples.map(\.name) == ["my-00000000-b_x", "my-00000001-a", "my-00000002-c_jpeg"])
        #expect(samples.map(\.classIndex) == [0, 1, 1])
        #expect(samples.map(\.hashtags) == [["one", "two"], ["sea", "sun"], []])
        #expect(samples[1].caption == "on the beach #Sea #sun" && samples[2].caption == nil)
        #expect(samples[0].image == (try folder.bytes("in/cats/b.x.png")))
    }

    @Test func aCSVListMayQuoteAndSpanLines() throws {
        let folder = try Self.images()
        try folder.write(
            "\u{FEFF}image,caption,hashtags,class,note\r\n"
                + "cats/b.x.png,\"two\nlines, a \"\"quote\"\" #x\",\"#a, b\",7,n\r\n\r\n"
                + "dogs/a.png,\"#only #caption\",,3,\n", "in/list.csv")
        let result = try RowPacker.list(
            folder.path("in/list.csv"), target: Self.target(folder), skipsBadRows: false
        ).pack()
        #expect(result.problems == [])
        let samples = try Self.samples(folder)
        #expect(samples.map(\.caption) == ["two\nlines, a \"quote\" #x", "#only #caption"])
        #expect(samples.map(\.hashtags) == [["a", "b"], ["only", "caption"]])
        #expect(samples.map(\.classIndex) == [7, 3])
    }

    @Test func aJSONLListNamesClassesOrNumbersThem() throws {
        let folder = try Self.images()
        try folder.write(
            """
            {"image": "dogs/a.png", "caption": "é 👗", "hashtags": ["A"], "class": "dog"}

            {"image": "\(folder.path("in/cats/b.x.png"))", "hashtags": "x #y", "class": "cat", "more": [1]}
            {"image": "dogs/c.jpeg.png"}
            """, "in/list.jsonl")
        _ = try RowPacker.list(
            folder.path("in/list.jsonl"), target: Self.target(folder), skipsBadRows: false
        ).pack()
        let samples = try Self.samples(folder)
        #expect(samples.map(\.classIndex) == [1, 0, nil])
        #expect(samples.map(\.hashtags) == [["a"], ["x", "y"], []])
        #expect(samples[0].caption == "é 👗")
    }

    @Test(arguments: [
        ("list.csv", "image,caption\na.png\n", "list.csv, line 2: the row has 1 fields, but the header has 2."),
        ("list.csv", "image\n\n\"cats/b.x.png\n", "list.csv, line 3: a quote is never closed."),
        (
            "list.csv", "picture,x\na.png\n",
            "list.csv, line 1: expected a header row with a column named image, file_name or filepath, found "
                + "`picture`, `x`."
        ),
        (
            "list.csv", "",
            "list.csv, line 1: expected a header row with a column named image, file_name or filepath, found n"
        ),
        ("list.csv", "image,caption\n,x\n", "list.csv, line 2: the row names no image."),
        (
            "list.csv", "image\n\"cats/b.x.png\"\nno.png\n",
            "list.csv, line 3: the image IN/no.png cannot be read (No such file or directory)."
        ),
        ("list.csv", "image\nbad.png\n", "list.csv, line 2: the image IN/bad.png is neither JPEG, PNG nor WebP"),
        (
            "list.jsonl", "{\"image\": \"cats/b.x.png\"}\n{nope\n",
            "list.jsonl, line 2: expected a JSON object on each line: "
        ),
        ("list.jsonl", "[1]\n", "list.jsonl, line 1: expected a JSON object, found an array."),
        ("list.jsonl", "{\"image\": 3}\n", "list.jsonl, line 1: column image is the number 3, where a path belongs."),
        ("list.jsonl", "{\"caption\": \"x\"}\n", "list.jsonl, line 1: the row names no image."),
        (
            "list.jsonl", "{\"image\": \"a.png\", \"hashtags\": 1}",
            "list.jsonl, line 1: column hashtags has the number 1 as its hashtags, where an array of strings belongs."
        ),
        ("list.txt", "x", "list.txt is no list: its name must end in .csv, .tsv or .jsonl."),
    ])
    func aBadRowIsNamedAndNothingIsWritten(name: String, text: String, expected: String) throws {
        let folder = try Self.images()
        try folder.write("no image", "in/bad.png")
        try folder.write(text, "in/" + name)
        let sentence = Fixture.sentence {
            _ = try RowPacker.list(folder.path("in/" + name), target: Self.target(folder), skipsBadRows: false).pack()
        }
        let words = expected.replacingOccurrences(of: "IN/", with: folder.path("in/"))
        #expect(sentence?.hasPrefix(folder.path("in/") + words) == true, "\(sentence ?? "packed")")
        #expect((try? FileManager.default.contentsOfDirectory(atPath: folder.path("out"))) ?? [] == [])
    }

    @Test func badRowsCanBeLeftOut() throws {
        let folder = try Self.images()
        try folder.write("image\nno.png\ncats/b.x.png\na,b\n", "in/list.csv")
        let result = try RowPacker.list(
            folder.path("in/list.csv"), target: Self.target(folder), skipsBadRows: true
        ).pack()
        #expect(result.manifest.sampleCount == 1 && result.problems.count == 2)
        #expect(result.problems[1].contains("line 4: the row has 2 fields"))
        try folder.write("image\nno.png\n", "in/list.csv")
        let nothing = Fixture.sentence {
            _ = try RowPacker.list(folder.path("in/list.csv"), target: Self.target(folder), skipsBadRows: true).pack()
        }
        #expect(nothing?.contains("has no readable image; nothing was written (1 rows were left out, the") == true)
        #expect(try Self.samples(folder).count == 1)
    }

    @Test func aCompletePackIsReusedUntilItsSourceChanges() throws {
        let folder = try Self.images()
        func pack(force: Bool = false) throws -> PackResult {
            try RowPacker.folder(
                folder.path("in"), classFolders: false, target: Self.target(folder, force: force), skipsBadRows: false
            ).pack()
        }
        let first = try pack()
        #expect(try pack().wasThere && !pack(force: true).wasThere)
        #expect(try pack().manifest == first.manifest)
        try FileManager.default.removeItem(atPath: folder.path("out/my-0001.tar"))
        #expect(try !pack().wasThere)
        try FileManager.default.removeItem(atPath: folder.path("in/dogs"))
        let smaller = try pack()
        #expect(!smaller.wasThere && smaller.manifest.sampleCount == 1)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("out")).sorted()
        #expect(names == ["my-0000.tar", "my-pack.json"], "the shard of the larger pack is gone")
    }

    @Test func aFolderWithoutImagesIsOneSentence() throws {
        let folder = try Folder()
        try folder.write("x", "in/a.txt")
        for (path, words) in [("in", "holds no jpg, jpeg, png or webp files"), ("no", "is no folder that can be read")]
        {
            let sentence = Fixture.sentence {
                _ = try RowPacker.folder(
                    folder.path(path), classFolders: false, target: Self.target(folder), skipsBadRows: false)
            }
            #expect(sentence?.contains(words) == true)
        }
    }

    /// `in/cats/b.x.png`, `in/dogs/a.png` and `in/dogs/c.jpeg.png`.
    private static func images() throws -> Folder {
        let folder = try Folder()
        for (value, name) in ["cats/b.x.png", "dogs/a.png", "dogs/c.jpeg.png"].enumerated() {
            try folder.write(try Fixture.png(UInt8(value)), "in/" + name)
        }
        return folder
    }

    private static func target(_ folder: Folder, force: Bool = false) -> PackTarget {
        PackTarget(output: folder.path("out"), prefix: "my", shardSize: 2, isForced: force)
    }

    private static func samples(_ folder: Folder) throws -> [Sample] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("out"))
        let shards = names.filter { $0.hasSuffix(".tar") }.sorted()
        let dataset = try Dataset(Fixture.split(shards), root: folder.path("out"))
        return try (0..<dataset.count).map { try dataset.sample($0) }
    }
}

@Suite struct FormerPackTests {
    /// Packs this many images, two to a shard.
    private static func pack(_ folder: Folder, _ source: String, count: Int, force: Bool = false) throws -> PackResult {
        let first = source == "a" ? 0 : 100
        for index in 0..<count { try folder.write(try Fixture.png(UInt8(first + index)), "\(source)/\(index).png") }
        return try RowPacker.folder(
            folder.path(source), classFolders: false,
            target: PackTarget(output: folder.path("out"), prefix: "my", shardSize: 2, isForced: force),
            skipsBadRows: false
        ).pack()
    }

    private static func names(_ folder: Folder) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path("out")).sorted()
    }

    @Test func shardsOfOtherImagesAreNotReplacedUnlessForced() throws {
        let folder = try Folder()
        _ = try Self.pack(folder, "a", count: 5)
        _ = try ShardIndexer.index(folder.path("out/my-0000.tar"), root: "")
        let before = try folder.bytes("out/my-0000.tar")
        let sentence = Fixture.sentence { _ = try Self.pack(folder, "b", count: 2) }
        #expect(
            sentence?.contains("3 shards of 'my' from another source are there already (my-0000.tar, my-0001.tar, ")
                == true, "\(sentence ?? "packed")")
        #expect(sentence?.contains("--force") == true)
        #expect(try folder.bytes("out/my-0000.tar") == before && Self.names(folder).count == 5)
        let forced = try Self.pack(folder, "b", count: 2, force: true)
        #expect(try Self.names(folder) == ["my-0000.tar", "my-pack.json"])
        #expect(forced.notes.contains { $0.contains("removed") && $0.hasSuffix("my-0001.tar, my-0002.tar") })
    }

    @Test func shardsThatNobodyKnowsAreRefusedToo() throws {
        let folder = try Folder()
        try folder.write("somebody's", "out/my-0007.tar")
        let sentence = Fixture.sentence { _ = try Self.pack(folder, "a", count: 1) }
        #expect(sentence?.contains("a shard of 'my' from another source is there already (my-0007.tar)") == true)
        try FileManager.default.moveItem(
            atPath: folder.path("out/my-0007.tar"), toPath: folder.path("out/mine-0007.tar"))
        #expect(try Self.pack(folder, "a", count: 1).manifest.sampleCount == 1)
        #expect(try Self.names(folder) == ["mine-0007.tar", "my-0000.tar", "my-pack.json"])
    }

    @Test func namedFilesOfOtherContentAreKept() throws {
        let folder = try Folder()
        try folder.write("old", "labels.txt")
        #expect(throws: DataError.self) { try NewFile.check(folder.path("labels.txt"), for: "new") }
        #expect(try !NewFile.check(folder.path("labels.txt"), for: "old"))
        #expect(try NewFile.check(folder.path("other.txt"), for: "new"))
        #expect(throws: DataError.self) { try NewFile.checkPage(folder.path("labels.txt")) }
        #expect(throws: DataError.self) { try NewFile.refuseFolder(folder.path) }
    }
}

@Suite struct ShardSplitterTests {
    @Test func everySampleGoesToOneSide() throws {
        let folder = try Folder()
        try folder.shard("all.tar", try Fixture.members(200))
        func split() throws -> PackResult {
            try ShardSplitter(
                shards: [folder.path("all.tar")], target: PackTarget(output: folder.path("out"), prefix: "my"),
                names: ("train", "test"), share: 0.25, seed: 3
            ).split()
        }
        let result = try split()
        #expect(result.manifest.sampleCount == 200 && result.problems.isEmpty)
        let sides = try ["my-train-0000.tar", "my-test-0000.tar"].map { name in
            let dataset = try Dataset(Fixture.split([name]), root: folder.path("out"))
            return try (0..<dataset.count).map { try dataset.sample($0) }
        }
        #expect((30...70).contains(sides[1].count))
        let captions = sides.joined().compactMap(\.caption)
        #expect(Set(captions) == Set((0..<200).map { "photo number \($0) #t\($0 % 3)" }) && captions.count == 200)
        #expect(sides.joined().allSatisfy { $0.hashtags.count == 2 && $0.classIndex != nil })
        #expect(try split().wasThere)
        #expect(result.notes == ["my-train: \(sides[0].count) samples, my-test: \(sides[1].count) samples"])
        #expect(try split().notes == result.notes && result.warnings.isEmpty)
    }

    @Test func aSampleThatCannotBeReadStopsTheSplitUnlessItMayBeLeftOut() throws {
        let folder = try Folder()
        let bad: [(name: String, data: [UInt8])] = [("bad.png", [1, 2, 3]), ("z.txt", [65])]
        try folder.shard("all.tar", try Fixture.members(20) + bad)
        func split(skipsBadSamples: Bool) throws -> PackResult {
            try ShardSplitter(
                shards: [folder.path("all.tar")], target: PackTarget(output: folder.path("out"), prefix: "my"),
                names: ("train", "test"), share: 0.5, seed: 3, skipsBadSamples: skipsBadSamples
            ).split()
        }
        let sentence = Fixture.sentence { _ = try split(skipsBadSamples: false) }
        #expect(sentence?.contains("all.tar, bad at byte ") == true && sentence?.contains("--skip-bad") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("out")) == [], "nothing half written")
        let result = try split(skipsBadSamples: true)
        #expect(result.manifest.sampleCount == 20 && result.problems.count == 2)
        #expect(result.account.count(.leftOut) == 2)
    }
}
