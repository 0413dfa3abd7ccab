import Foundation
import MawsBase
import MawsData
import MawsDataTestSupport
import MawsDataTools
import MawsPlan
import Testing

/// What lies beside an image: read in one way everywhere, and carried along as it is.
@Suite struct SidecarTests {
    /// A caption with hashtags, what `.json` says, and the hashtags that the sample has.
    private static let readable: [(json: String, hashtags: [String])] = [
        (
            ##"{"caption": "x", "url": "https://example.org/a.jpg", "key": "0", "status": "success"}"##,
            ["dog", "beach"]
        ),
        (##"{"similarity": NaN, "high": Infinity, "low": -Infinity, "width": 40}"##, ["dog", "beach"]),
        (##"{"hashtags": null}"##, ["dog", "beach"]),
        (##"{"hashtags": NaN}"##, ["dog", "beach"]),
        ("null", ["dog", "beach"]),
        ("{}", ["dog", "beach"]),
        ("[]", []),
        (##"{"hashtags": []}"##, []),
        (##"["Cat", "#cat", "golden retriever"]"##, ["cat", "goldenretriever"]),
        ("\u{FEFF}[\"cat\"]\r\n", ["cat"]),
        (##"{"hashtags": ["a"], "hashtags": ["b"]}"##, ["b"]),
        (##"{"hashtags": "#cat, Tree"}"##, ["cat", "tree"]),
        (##"{"hashtags": "['cat', \"it's\"]"}"##, ["cat", "it's"]),
        (##"{"a": {"b": [1, 2.5e-3, 123456789012345678901234567890]}, "hashtags": ["\ud83d\ude00\u00e9"]}"##, ["😀é"]),
        (##"{"hashtags": ["\/\b\f\n\r\t\"\\c"]}"##, ["/\u{8}\"\\c"]),
    ]

    @Test(arguments: readable.indices)
    func hashtagsAreThoseSaidElseTheCaptions(index: Int) throws {
        let (json, hashtags) = Self.readable[index]
        let folder = try Folder()
        let caption = "my dog at the beach #dog #beach"
        let png = try Fixture.png(1)
        try folder.shard("a.tar", [("0.png", png), ("0.txt", Array(caption.utf8)), ("0.json", Array(json.utf8))])
        try folder.write(png, "in/0.png")
        try folder.write(caption, "in/0.txt")
        try folder.write(json, "in/0.json")
        let target = PackTarget(output: folder.path("out"), prefix: "my")
        _ = try RowPacker.folder(folder.path("in"), classFolders: false, target: target, skipsBadRows: false).pack()
        for path in ["a.tar", "folder:in", "out/my-0000.tar"] {
            let dataset = try Dataset(Fixture.split([path]), root: folder.path)
            #expect(try dataset.sample(0).hashtags == hashtags, "\(path)")
        }
        let survey = try ShardSurvey(shards: [folder.path("a.tar")])
        #expect(Set(survey.hashtagCounts.keys) == Set(hashtags))
        var counted: [[String]] = []
        try HashtagSource.shards([folder.path("a.tar")], skipsBadRows: false)
            .forEachSample(progress: { _ in }, problem: { _ in }) { counted.append($0) }
        #expect(counted == [hashtags])
    }

    private static let refused: [(json: [UInt8], words: String)] = [
        (Array(##"["a"] ["b"]"##.utf8), "is no JSON: something follows the document at byte 6"),
        (Array(##"["\ud83d"]"##.utf8), "is no JSON: a string holds half of a surrogate pair"),
        (Array(##"["a", ]"##.utf8), "is no JSON: expected a value at byte 6"),
        (Array(##"["a""##.utf8), "is no JSON: expected a comma or ] at byte 4"),
        (Array(##"{"a": 01}"##.utf8), "is no JSON: a number is not written"),
        (Array("[\"a\nb\"]".utf8), "is no JSON: a control character stands in a string at byte 3"),
        ([0x5B, 0x22, 0xE9, 0x22, 0x5D], "is no JSON: the string at byte 2 is not UTF-8 text"),
        ([0xFF, 0xFE, 0x5B, 0, 0x5D, 0], "is no JSON: it is not UTF-8 text but UTF-16"),
        ([0, 0x5B, 0, 0x5D], "is no JSON: it is not UTF-8 text but UTF-16"),
        ([], "is no JSON: the text ends where a value belongs at byte 0"),
        (Array(String(repeating: "[", count: 100_000).utf8), "is no JSON: more than 256 arrays"),
    ]

    private static let mixed: [(json: String, hashtags: [String], remarks: [String])] = [
        (
            ##"["dog", null, 3, 4, ["cat"], {"a": 1}, true, "", "# "]"##, ["dog"],
            [
                "null among its hashtags", "a number among its hashtags", "an array among its hashtags",
                "an object among its hashtags", "true or false among its hashtags", "an empty hashtag",
            ]
        ),
        (##"{"hashtags": ["dog", null]}"##, ["dog"], ["null among its hashtags"]),
        (
            ##"{"hashtags": "['a', None, 'b', 2.5]"}"##, ["a", "b"],
            ["None among its hashtags", "a number among its hashtags"]
        ),
        (##"{"hashtags": 2024}"##, ["said"], ["a number as its hashtags"]),
        (##"{"hashtags": {"a": 1}}"##, ["said"], ["an object as its hashtags"]),
        (##"{"hashtags": "['a"}"##, ["said"], ["a text of hashtags that is no list of quoted texts"]),
        ("3", ["said"], ["a number for its .json"]), ("true", ["said"], ["true or false for its .json"]),
        ("null", ["said"], []), (##"{"hashtags": []}"##, [], []),
    ]

    @Test(arguments: mixed.indices)
    func whatIsNoHashtagIsCountedAndTheRestIsTaken(index: Int) throws {
        let (json, hashtags, remarks) = Self.mixed[index]
        let folder = try Folder()
        let (png, caption) = (try Fixture.png(1), "it is #said")
        try folder.shard("a.tar", [("0.png", png), ("0.txt", Array(caption.utf8)), ("0.json", Array(json.utf8))])
        try folder.write(png, "in/0.png")
        try folder.write(caption, "in/0.txt")
        try folder.write(json, "in/0.json")
        let packed = try RowPacker.folder(
            folder.path("in"), classFolders: false, target: PackTarget(output: folder.path("out"), prefix: "my"),
            skipsBadRows: false
        ).pack()
        let split = try ShardSplitter(
            shards: [folder.path("a.tar")], target: PackTarget(output: folder.path("halves"), prefix: "s"),
            names: ("train", "test"), share: 0.5, seed: 1
        ).split()
        var labels = SampleAccount()
        try HashtagSource.shards([folder.path("a.tar")], skipsBadRows: false)
            .forEachSample(progress: { _ in }, problem: { _ in }, ignored: { labels.merge($0) }) {
                #expect($0 == hashtags)
            }
        let sources = ["a.tar", "out/my-0000.tar", "folder:" + folder.path("in")].map {
            $0.hasPrefix("folder") ? $0 : folder.path($0)
        }
        for source in sources {
            let survey = try ShardSurvey(shards: [source])
            #expect(Set(survey.hashtagCounts.keys) == Set(hashtags) && survey.problems.isEmpty, "\(source)")
            for remark in remarks { #expect(Self.count(survey.account, remark) == 1, "\(source): \(remark)") }
        }
        for remark in remarks {
            #expect([packed.account, split.account, labels].allSatisfy { Self.count($0, remark) == 1 }, "\(remark)")
        }
        #expect(labels.entries(.incomplete).count == remarks.count)
    }

    private static func count(_ account: SampleAccount, _ remark: String) -> Int {
        account.count(.incomplete, "with \(remark), which is ignored")
    }

    @Test(arguments: refused.indices)
    func whatIsNoneOfTheseIsNamedWithItsMember(index: Int) throws {
        let (json, words) = Self.refused[index]
        let folder = try Folder()
        try folder.shard("a.tar", [("0.png", try Fixture.png(1)), ("0.json", json)])
        let sentence = Fixture.sentence { _ = try Dataset(Fixture.split(["a.tar"]), root: folder.path).sample(0) }
        #expect(sentence?.contains("0 at byte 0: its .json member \(words)") == true, "\(sentence ?? "read")")
        try folder.write(try Fixture.png(1), "in/0.png")
        try folder.write(json, "in/0.json")
        let row = Fixture.sentence {
            _ = try RowPacker.folder(
                folder.path("in"), classFolders: false, target: PackTarget(output: folder.path("out"), prefix: "my"),
                skipsBadRows: false
            ).pack()
        }
        #expect(row?.hasPrefix("\(folder.path("in/0.json")) \(words)") == true, "\(row ?? "packed")")
    }

    @Test func aCaptionMayStandInTheJSONAlone() throws {
        let folder = try Folder()
        let png = try Fixture.png(1)
        try folder.shard(
            "a.tar",
            [
                ("0.png", png), ("0.json", Array(##"{"caption": "a #dog"}"##.utf8)),
                ("1.png", png), ("1.json", Array(##"{"caption": ["a", "b"]}"##.utf8)),
                ("2.png", png), ("2.json", Array(##"{"caption": null}"##.utf8)),
            ])
        let dataset = try Dataset(Fixture.split(["a.tar"]), root: folder.path)
        #expect(try dataset.sample(0).hashtags == ["dog"])
        #expect(try dataset.caption(0) == "a #dog")
        #expect(try dataset.caption(1) == nil)
        #expect(
            try dataset.sample(1).remarks == ["with an array in the field caption of its .json, which is ignored"])
        #expect(try dataset.caption(2) == nil)
    }

    @Test(arguments: [0.0, 0.2, 0.5])
    func missingCaptionsAreSaidBeforeAStageThatLearnsThem(skipLimit: Double) throws {
        let folder = try Fixture.folder(count: 1)
        let png = try Fixture.png(1)
        // Two of ten samples have a caption, six have none in their .json, two have no text at all.
        let members = (0..<10).flatMap { index -> [(name: String, data: [UInt8])] in
            let beside: [(String, String)] =
                switch index {
                case 0: [("txt", "a dog")]
                case 1: [("json", ##"{"caption": "a dog"}"##)]
                case 2..<8: [("json", ##"{"caption": null, "hashtags": ["dog"]}"##)]
                default: []
                }
            return [("s\(index).png", png)] + beside.map { ("s\(index).\($0.0)", Array($0.1.utf8)) }
        }
        try folder.shard("train.tar", members)
        var plan = Fixture.plan([Fixture.split(["train.tar"], skipLimit: skipLimit)])
        plan.stages = [Fixture.stage(.mae), Fixture.stage(.wsp)]
        #expect(throws: Never.self) { _ = try PlanData(plan: plan, root: folder.path) }
        plan.stages = [Fixture.stage(.lit)]
        let sentence = Fixture.sentence { _ = try PlanData(plan: plan, root: folder.path) }
        #expect(
            sentence?.hasPrefix(
                "Stage 'lit' learns captions, but 8 of the 10 samples of split 'train' have none, where its skip_limit "
                    + "allows \(Int(10 * skipLimit)); for instance \(folder.path)/train.tar, s8 at byte ") == true)
        #expect(sentence?.hasSuffix(": it has no caption (.txt, or the field caption of its .json).") == true)
        try folder.shard("train.tar", members.filter { $0.name.hasSuffix("png") })
        #expect(
            Fixture.sentence { _ = try PlanData(plan: plan, root: folder.path) }?.contains(
                "learns captions, but none of the 10 samples of split 'train' has one") == true)
    }

    @Test func whatWasNotDownloadedSaysSo() throws {
        let folder = try Folder()
        let json = ##"{"status": "failed_to_download", "error_message": "HTTP Error 404: Not Found", "caption": "x"}"##
        try folder.shard("a.tar", [("0.json", Array(json.utf8)), ("1.png", try Fixture.png(1))])
        let dataset = try Dataset(Fixture.split(["a.tar"]), root: folder.path)
        let sentence = Fixture.sentence { _ = try dataset.sample(0) }
        let words =
            "it has no jpg, jpeg, png or webp member (its .json says failed_to_download: HTTP Error 404: Not Found)"
        #expect(sentence?.contains(words) == true, "\(sentence ?? "read")")
        #expect(try dataset.sample(1).hashtags == [])
    }

    @Test func noMutationOfASidecarTraps() {
        var random = CounterRandom(seed: 7, purpose: .split, element: 0)
        for (json, _) in Self.readable {
            for _ in 0..<2000 {
                var bytes = Array(json.utf8)
                for _ in 0...random.below(3) {
                    let place = random.below(bytes.count)
                    switch random.below(3) {
                    case 0: bytes[place] = UInt8(random.below(256))
                    case 1: bytes.remove(at: place)
                    default: bytes.insert(UInt8(random.below(128)), at: place)
                    }
                    if bytes.isEmpty { bytes = [0] }
                }
                ParserProbe.json.run(bytes)
            }
        }
    }

    /// Every shape of what lies beside an image: endings and bytes.
    private static let shapes: [[(String, [UInt8])]] = {
        let caption = ("txt", Array("a #dog, a #cat".utf8))
        let classes: [[UInt8]] = [Array("2".utf8), Array(" 0\n".utf8), [0xEF, 0xBB, 0xBF, 0x31]]
        var shapes: [[(String, [UInt8])]] = [[], [caption], [("txt", [])]]
        shapes.append([("txt", [0xEF, 0xBB, 0xBF] + Array("b #c".utf8))])
        for (json, _) in readable {
            shapes.append([caption, ("json", Array(json.utf8))])
            shapes.append([("json", Array(json.utf8))])
        }
        for bytes in classes { shapes.append([("cls", bytes)]) }
        shapes.append([caption, ("npy", [0, 1, 2]), ("url", Array("https://x".utf8))])
        return shapes
    }()

    @Test func splitAndUniqueImagesKeepWhatLiesBesideAnImageByteForByte() throws {
        let folder = try Folder()
        var members: [(name: String, data: [UInt8])] = []
        for (index, beside) in Self.shapes.enumerated() {
            members.append(("s\(index).png", try Fixture.png(UInt8(index))))
            for (ending, bytes) in beside { members.append(("s\(index).\(ending)", bytes)) }
        }
        try folder.shard("all.tar", members)
        let before = try Self.seen(folder, ["all.tar"])
        let bytes = try Self.beside(folder, ["all.tar"])
        #expect(bytes.count == Self.shapes.count)

        let result = try ShardSplitter(
            shards: [folder.path("all.tar")], target: PackTarget(output: folder.path("out"), prefix: "my"),
            names: ("train", "test"), share: 0.5, seed: 1
        ).split()
        #expect(result.problems == [] && result.manifest.sampleCount == Self.shapes.count)
        let parts = ["out/my-train-0000.tar", "out/my-test-0000.tar"]
        #expect(try Self.seen(folder, parts) == before)
        #expect(try Self.beside(folder, parts) == bytes)

        let found = try Deduplication(
            shards: [folder.path("all.tar")], evaluation: [], radius: 0, temporary: folder.path)
        let target = PackTarget(output: folder.path("unique"), prefix: "u", shardSize: 1000)
        _ = try UniqueSamples(found, shards: [folder.path("all.tar")], target: target).write()
        #expect(try Self.seen(folder, ["unique/u-0000.tar"]) == before)
        #expect(try Self.beside(folder, ["unique/u-0000.tar"]) == bytes)
    }

    @Test func copiesGetTheirHashtagsUnitedAndKeepTheOtherFields() throws {
        let folder = try Folder()
        let png = try Fixture.png(1)
        try folder.shard(
            "all.tar",
            [
                ("0.png", png), ("0.json", Array(##"{"url": "u", "hashtags": ["a"], "score": NaN}"##.utf8)),
                ("1.png", png), ("1.txt", Array("a #b".utf8)),
            ])
        let found = try Deduplication(
            shards: [folder.path("all.tar")], evaluation: [], radius: 0, temporary: folder.path)
        let target = PackTarget(output: folder.path("out"), prefix: "u")
        _ = try UniqueSamples(found, shards: [folder.path("all.tar")], target: target).write()
        let beside = try Self.beside(folder, ["out/u-0000.tar"])
        #expect(beside == [png: ["json": Array(##"{"url":"u","score":NaN,"hashtags":["a","b"]}"##.utf8)]])
    }

    @Test func packKeepsEveryFileBesideAnImage() throws {
        let folder = try Folder()
        for (index, beside) in Self.shapes.enumerated() {
            try folder.write(try Fixture.png(UInt8(index)), "in/s\(100 + index).png")
            for (ending, bytes) in beside where ending == "txt" || ending == "json" {
                try folder.write(bytes, "in/s\(100 + index).\(ending)")
            }
        }
        let before = try Self.seen(folder, ["folder:in"])
        let target = PackTarget(output: folder.path("out"), prefix: "my")
        _ = try RowPacker.folder(folder.path("in"), classFolders: false, target: target, skipsBadRows: false).pack()
        #expect(try Self.seen(folder, ["out/my-0000.tar"]) == before)
        for (image, beside) in try Self.beside(folder, ["out/my-0000.tar"]) {
            #expect(beside["json"] == Self.json(of: image))
        }
    }

    /// The `.json` of the shape whose image this is.
    private static func json(of image: [UInt8]) -> [UInt8]? {
        let index = shapes.indices.first { (try? Fixture.png(UInt8($0))) == image }
        return index.flatMap { index in shapes[index].first { $0.0 == "json" }?.1 }
    }

    /// What training sees of each image, by the image's bytes.
    private static func seen(_ folder: Folder, _ shards: [String]) throws -> [[UInt8]: [String]] {
        let dataset = try Dataset(Fixture.split(shards), root: folder.path)
        var seen: [[UInt8]: [String]] = [:]
        for index in 0..<dataset.count {
            let sample = try dataset.sample(index)
            seen[sample.image] = [sample.caption ?? "-", "\(sample.hashtags)", "\(sample.classIndex ?? -1)"]
        }
        return seen
    }

    /// The members beside each image, by the image's bytes: a tar reader of its own.
    private static func beside(_ folder: Folder, _ shards: [String]) throws -> [[UInt8]: [String: [UInt8]]] {
        var found: [[UInt8]: [String: [UInt8]]] = [:]
        for shard in shards {
            let bytes = try folder.bytes(shard)
            var (offset, image): (Int, [UInt8]) = (0, [])
            while bytes[offset] != 0 {
                let name = String(decoding: bytes[offset..<offset + 100].prefix { $0 != 0 }, as: UTF8.self)
                let digits = String(decoding: bytes[(offset + 124)..<(offset + 135)], as: UTF8.self)
                let size = try #require(Int(digits, radix: 8))
                let data = Array(bytes[(offset + 512)..<(offset + 512 + size)])
                let ending = String(name.drop { $0 != "." }.dropFirst())
                if ending == "png" { image = data }
                found[image, default: [:]][ending] = ending == "png" ? nil : data
                offset += 512 + (size + 511) / 512 * 512
            }
        }
        return found
    }
}
