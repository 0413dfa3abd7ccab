import Foundation
import MawsData
import MawsDataFiles
import MawsDataTestSupport
import MawsDataTools
import MawsPlan
import Testing

@Suite struct DeduplicationTests {
    private struct Golden: Decodable {
        var image: Data
        var hash: String
        var changed: Data
    }

    private static func golden() throws -> [Golden] {
        try Fixture.decoded("phash.json", in: .module)
    }

    @Test func perceptualHashesAreThoseOfTheReference() throws {
        let golden = try Self.golden()
        let hashes = try golden.map { try PerceptualHash(image: Array($0.image)) }
        for (hash, item) in zip(hashes, golden) {
            // The reference works in 64-bit floats: a frequency at the median may fall to the other side.
            #expect(hash.distance(PerceptualHash(bits: try #require(UInt64(item.hash)))) <= 2)
            #expect(try hash.distance(PerceptualHash(image: Array(item.changed))) <= 4)
        }
        for first in hashes.indices {
            for second in 0..<first { #expect(hashes[first].distance(hashes[second]) > 10) }
        }
    }

    @Test(arguments: [0, 1, 4, 7, 15])
    func theIndexFindsWhatASearchThroughAllFinds(_ radius: Int) {
        var state: UInt64 = 7
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
        let hashes = (0..<500).map { _ in PerceptualHash(bits: next()) }
        let index = HashIndex(hashes, radius: radius)
        for number in 0..<500 {
            var query = hashes[number].bits
            for _ in 0..<number % 20 { query ^= 1 << (next() >> 58) }
            let distances = hashes.map { $0.distance(PerceptualHash(bits: query)) }
            let least = distances.enumerated().filter { $0.element <= radius }
                .min { ($0.element, $0.offset) < ($1.element, $1.offset) }
            let found = index.nearest(to: PerceptualHash(bits: query))
            #expect(found?.number == least?.offset && found?.distance == least?.element)
        }
    }

    /// Two shards with copies across classes and within, and an evaluation shard with a changed version of one image.
    private static func folder() throws -> Folder {
        let folder = try Folder()
        let golden = try golden().map { (image: [UInt8]($0.image), changed: [UInt8]($0.changed)) }
        func sample(_ key: String, _ image: Int, _ tags: String, _ index: Int) -> [(name: String, data: [UInt8])] {
            [
                (key + ".png", golden[image].image), (key + ".json", Array(tags.utf8)),
                (key + ".txt", Array("photo \(key)".utf8)), (key + ".cls", Array("\(index)".utf8)),
            ]
        }
        try folder.shard(
            "a.tar", sample("a0", 0, #"["cat"]"#, 0) + sample("a1", 1, #"["dog"]"#, 1) + sample("a2", 0, #"["pet"]"#, 2)
        )
        try folder.shard(
            "b.tar",
            sample("b0", 2, "[]", 0) + sample("b1", 0, #"["cat", "kitten"]"#, 0) + sample("b2", 1, #"["dog"]"#, 1)
                + [("b3.png", [])])
        try folder.shard("eval.tar", [("e0.png", golden[5].image), ("e1.jpg", golden[2].changed)])
        return folder
    }

    private static func found(_ folder: Folder, against: [String] = ["eval.tar"]) throws -> Deduplication {
        try Deduplication(
            shards: ["a.tar", "b.tar"].map(folder.path), evaluation: against.map(folder.path), radius: 4,
            temporary: folder.path)
    }

    @Test func copiesAndLeaksAreNamed() throws {
        let folder = try Self.folder()
        let found = try Self.found(folder)
        #expect(found.sampleCount == 7 && found.evaluationCount == 2)
        #expect(found.copies.map { [$0.sample.key, $0.first.key] } == [["a2", "a0"], ["b1", "a0"], ["b2", "a1"]])
        #expect(found.leaks.map { [$0.sample.key, $0.evaluation.key] } == [["b0", "e1"]])
        #expect(found.unreadable.map(\.member) == ["b3"])
        #expect(try folder.names() == ["a.tar", "b.tar", "eval.tar"])
        #expect(try Self.found(folder, against: []).leaks.isEmpty)
    }

    /// It would be another data's.
    @Test func nothingStaysOfAnEarlierListWhereThereIsNothingToExclude() throws {
        let folder = try Self.folder()
        let list = folder.path("exclude.txt")
        try Data("a.tar 0\n".utf8).write(to: URL(fileURLWithPath: list))
        let none = try Deduplication(
            shards: [folder.path("eval.tar")], evaluation: [], radius: 4, temporary: folder.path)
        for _ in 0..<2 { try none.writeExclusions(to: list) }
        #expect(try folder.names() == ["a.tar", "b.tar", "eval.tar"])
    }

    @Test func theListIsWhatAPlanExcludes() throws {
        let folder = try Self.folder()
        try Self.found(folder).writeExclusions(to: folder.path("sub/exclude.txt"))
        var split = Fixture.split(["a.tar", "b.tar"])
        let dataset = try Dataset(split, root: folder.path)
        (split.vocabulary, split.tokenizer) = (nil, nil)
        split.exclude = "sub/exclude.txt"
        let list = try ExclusionList(path: folder.path("sub/exclude.txt"))
        #expect(try list.indices(in: dataset, shards: split.shards) == [2, 3, 4, 5])
        #expect(list.entries[0].reason == "copy of \(folder.path)/a.tar a0")
        #expect(list.entries[3].reason.hasPrefix("looks like \(folder.path)/eval.tar e1 ("))
        let data = try PlanData(plan: Fixture.plan([split]), root: folder.path)
        #expect(data.sampleCount("train", for: Fixture.stage(.mae)) == 3)
    }

    @Test func newShardsHaveEveryImageOnceWithAllItsLabels() throws {
        let folder = try Self.folder()
        let target = PackTarget(output: folder.path("out"), prefix: "u", shardSize: 2)
        let manifest = try UniqueSamples(
            Self.found(folder), shards: ["a.tar", "b.tar"].map(folder.path), target: target,
            classHashtags: ["felines", "canines", "pets"]
        ).write().manifest
        #expect(manifest.sampleCount == 2)
        let dataset = try Dataset(Fixture.split(["out/u-0000.tar"]), root: folder.path)
        let first = try dataset.sample(0)
        #expect(first.hashtags == ["cat", "felines", "pet", "pets", "kitten"])
        #expect(first.classIndex == nil && first.caption == "photo a0")
        let second = try dataset.sample(1)
        #expect(second.hashtags == ["dog", "canines"] && second.classIndex == 1)
        #expect(try folder.text("out/u-hashtags.txt").hasPrefix("canines\t1\ncat\t1\n"))
    }

    /// Four equal images of which the first three are spoilt in another part each, then a good one and its copy.
    @Test func whatIsSpoiltAnywhereStandsForNoCopy() throws {
        let folder = try Folder()
        let (image, other) = (try Fixture.png(7), try Fixture.png(9))
        try folder.shard(
            "a.tar",
            [
                ("00.png", image), ("00.txt", [0x63, 0xE9]), ("01.png", image), ("01.json", Array("{".utf8)),
                ("02.png", image), ("02.cls", Array("0x1".utf8)), ("03.png", image), ("03.txt", Array("good".utf8)),
                ("04.png", image), ("05.png", other), ("06.png", Array("no image".utf8)),
            ])
        let shards = [folder.path("a.tar")]
        let found = try Deduplication(shards: shards, evaluation: [], radius: 4, temporary: folder.path)
        #expect(found.unreadable.map(\.member) == ["00", "01", "02", "06"])
        #expect(found.copies.map { [$0.sample.key, $0.first.key] } == [["04", "03"]])
        let result = try UniqueSamples(
            found, shards: shards, target: PackTarget(output: folder.path("out"), prefix: "u")
        ).write()
        #expect(result.account.takenCount == 2)
        let leftOut = result.account.entries(.leftOut).reduce(0) { $0 + $1.count }
        #expect(result.account.takenCount + leftOut == found.sampleCount)
        #expect(try Dataset(Fixture.split(["out/u-0000.tar"]), root: folder.path).sample(0).caption == "good")
    }
}
