import Foundation
import MawsData
import MawsDataTestSupport
import MawsDataTools
import MawsImages
import Testing

@Suite struct FashionTests {
    private static let installed = "/usr/share/datasets/fashion-mnist"

    @Test func aQuarterOfTheImagesIsTaggedAsAnotherClass() {
        let rule = FashionRule(seed: 7)
        var wrong = 0
        var counts = [Int](repeating: 0, count: 5)
        var taggedAs = [Int](repeating: 0, count: 10)
        for image in 0..<20_000 {
            let labels = rule.labels(split: .train, image: image, cleanClass: image % 10)
            if labels.taggedClass != image % 10 { wrong += 1 }
            counts[labels.hashtags.count] += 1
            taggedAs[labels.taggedClass] += 1
            #expect(Set(labels.hashtags).count == labels.hashtags.count)
            let own = Set(FashionRule.hashtags(ofClass: labels.taggedClass))
            let allowed = own.union(FashionRule.genericHashtags)
            #expect(!own.isDisjoint(with: labels.hashtags) && allowed.isSuperset(of: labels.hashtags))
            #expect(FashionRule.classNames[labels.taggedClass].contains { labels.caption.contains($0) })
            #expect(labels.hashtags.allSatisfy { labels.caption.contains(" #" + $0) })
        }
        #expect(abs(Double(wrong) / 20_000 - 0.25) < 0.01)
        #expect(counts[0] == 0 && counts[1...].allSatisfy { abs($0 - 5000) < 300 })
        #expect(taggedAs.allSatisfy { abs($0 - 2000) < 200 })
    }

    /// The labels are part of what a run is: they may not change by accident.
    @Test func labelsOfASeedNeverChange() {
        let rule = FashionRule(seed: 7)
        #expect(
            rule.labels(split: .train, image: 0, cleanClass: 9).caption
                == "look at my sandals again #ootd #outfit #flipflops #slides")
        #expect(
            rule.labels(split: .test, image: 4321, cleanClass: 2).caption
                == "found my jumper on sale and it fits #sweater #jumper")
        #expect(
            rule.labels(split: .train, image: 4321, cleanClass: 2).caption
                == "in love with my pullover for the weekend #outfit #pullover #style #jumper")
        #expect(
            FashionRule(seed: 8).labels(split: .train, image: 0, cleanClass: 9).caption
                == "look at my boots this summer #ootd #style #ankleboots")
    }

    @Test func everyHashtagNamesOneClass() {
        let tags = FashionRule.classNames.indices.flatMap { FashionRule.hashtags(ofClass: $0) }
        #expect(tags.count == 30 && Set(tags + FashionRule.genericHashtags).count == 35)
        #expect(tags.allSatisfy { CaptionText.hashtags(in: "#" + $0) == [$0] })
    }

    @Test func packingTwiceGivesTheSameBytesAndAnotherSeedOthers() throws {
        let folder = try Self.source()
        func pack(_ name: String, seed: UInt64) throws -> [String] {
            let target = PackTarget(output: folder.path(name), prefix: "fashion", shardSize: 8)
            let result = try FashionPacker(source: folder.path("source"), target: target, seed: seed).pack()
            return result.manifest.files.map(\.sha256)
        }
        let first = try pack("a", seed: 7)
        #expect(first.count == 3 + 2 + 3 && Set(first).count == 8)
        #expect(try pack("b", seed: 7) == first)
        #expect(try folder.bytes("a/fashion-train-0001.tar") == folder.bytes("b/fashion-train-0001.tar"))
        #expect(try pack("c", seed: 8)[0] != first[0])
    }

    @Test func whatAKilledPackLeftIsClearedAway() throws {
        let folder = try Self.source()
        let target = PackTarget(output: folder.path("out"), prefix: "fashion", shardSize: 8)
        let packer = FashionPacker(source: folder.path("source"), target: target, seed: 7)
        let whole = try packer.pack().manifest
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("out")).sorted()
        // Killed between the removal of the old manifest and the last rename.
        try FileManager.default.removeItem(atPath: folder.path("out/fashion-pack.json"))
        try FileManager.default.removeItem(atPath: folder.path("out/fashion-train-0001.tar"))
        try folder.write("half", "out/.fashion.partial/fashion-train-0001.tar.partial")
        try folder.write("whole", "out/.fashion.partial/fashion-train-0000.tar")
        try folder.write(whole.source, "out/.fashion.partial/publishing")
        try folder.write("", "out/.fashion.partial/lock")
        let again = try packer.pack()
        #expect(!again.wasThere && again.manifest == whole)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("out")).sorted() == names)
    }

    @Test func anOutputThatCannotBeAFolderIsOneSentence() throws {
        let folder = try Self.source()
        try folder.write("a file", "file")
        let sentence = Fixture.sentence {
            let target = PackTarget(output: folder.path("file/deeper/out"), prefix: "fashion")
            _ = try FashionPacker(source: folder.path("source"), target: target, seed: 7).pack()
        }
        #expect(sentence == "Cannot make the folder \(folder.path)/file/deeper: Not a directory.")
    }

    @Test func twoPacksDoNotWriteOverEachOther() throws {
        let folder = try Self.source()
        try folder.write("", "out/.fashion.partial/lock")
        let lock = open(folder.path("out/.fashion.partial/lock"), O_RDWR)
        defer { close(lock) }
        #expect(flock(lock, LOCK_EX) == 0)
        let sentence = Fixture.sentence {
            let target = PackTarget(output: folder.path("out"), prefix: "fashion")
            _ = try FashionPacker(source: folder.path("source"), target: target, seed: 7).pack()
        }
        #expect(sentence?.contains("another 'maws data pack' is writing 'fashion' there") == true)
    }

    @Test func whatIsPackedIsWhatTheRuleSays() throws {
        let folder = try Self.source()
        let target = PackTarget(output: folder.path("out"), prefix: "fashion", shardSize: 8)
        let packer = FashionPacker(source: folder.path("source"), target: target, seed: 7)
        #expect(try !packer.pack().wasThere && packer.pack().wasThere)
        let shards = (0...2).map { "fashion-train-000\($0).tar" }
        let dataset = try Dataset(Fixture.split(shards), root: folder.path("out"))
        #expect(dataset.count == 20)
        for index in 0..<20 {
            let sample = try dataset.sample(index)
            let labels = FashionRule(seed: 7).labels(split: .train, image: index, cleanClass: index % 10)
            #expect(sample.caption == labels.caption && sample.hashtags == labels.hashtags)
            #expect(sample.classIndex == index % 10)
            let image = try ImageDecoder.decode(sample.image, channels: 1)
            #expect(image.pixels == [UInt8](repeating: UInt8(index), count: 12))
        }
        #expect(try SplitFiles.classes(path: folder.path("out/classes.txt")) == FashionRule.classNames)
        #expect(try SplitFiles.templates(path: folder.path("out/templates.txt")) == FashionRule.templates)
        let vocabulary = try LabelVocabulary(path: folder.path("out/fashion-hashtags.txt")).names
        #expect(Set(vocabulary).count == vocabulary.count && vocabulary.count > 20)
    }

    @Test func damagedOrMissingSourcesAreOneSentence() throws {
        let folder = try Self.source()
        let target = PackTarget(output: folder.path("out"), prefix: "fashion")
        func sentence() -> String? {
            Fixture.sentence { _ = try FashionPacker(source: folder.path("source"), target: target, seed: 7).pack() }
        }
        let images = try folder.bytes("source/train-images-idx3-ubyte.gz")
        try folder.write(Array(images.dropLast()), "source/train-images-idx3-ubyte.gz")
        #expect(sentence()?.contains("train-images-idx3-ubyte.gz ends early") == true)
        try folder.write([9] + images.dropFirst(), "source/train-images-idx3-ubyte.gz")
        #expect(sentence()?.contains("is no IDX file of bytes with 3 dimensions") == true)
        try FileManager.default.removeItem(atPath: folder.path("source/train-images-idx3-ubyte.gz"))
        #expect(sentence()?.contains("install the Debian package dataset-fashion-mnist") == true)
        #expect((try? FileManager.default.contentsOfDirectory(atPath: folder.path("out"))) ?? [] == [])
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: installed)))
    func theRealDataSetIsPackedWhole() throws {
        let folder = try Folder()
        let target = PackTarget(output: folder.path, prefix: "fashion")
        let result = try FashionPacker(source: Self.installed, target: target, seed: 7).pack()
        #expect(result.manifest.sampleCount == 70_000)
        let train = try ShardSurvey(
            shards: (0..<12).map { folder.path("fashion-train-\($0 < 10 ? "000" : "00")\($0).tar") })
        #expect(train.sampleCount == 60_000 && train.problems.isEmpty && train.captionCount == 60_000)
        #expect(train.classCounts == Dictionary(uniqueKeysWithValues: (0..<10).map { ($0, 6000) }))
        #expect(train.hashtagHistogram.keys.sorted() == [1, 2, 3, 4])
        #expect(train.imageSizes == ["28 x 28": 60_000])
        #expect(abs(train.mean[0] - 0.2860) < 1e-4 && abs(train.std[0] - 0.3530) < 1e-4)
        let vocabulary = try LabelVocabulary(path: folder.path("fashion-hashtags.txt")).names
        #expect(vocabulary.count == 35)
        #expect(vocabulary.allSatisfy { train.hashtagCounts[$0] != nil })
        let test = try ShardSurvey(shards: (0..<2).map { folder.path("fashion-test-000\($0).tar") })
        #expect(test.sampleCount == 10_000 && test.problems.isEmpty)
    }

    /// Four small IDX files, not compressed: 20 training and 10 test images of 4 x 3 pixels.
    private static func source() throws -> Folder {
        let folder = try Folder()
        for (name, count) in [("train", 20), ("t10k", 10)] {
            let images = (0..<count).flatMap { [UInt8](repeating: UInt8($0), count: 12) }
            try folder.write(
                [0, 0, 8, 3, 0, 0, 0, UInt8(count), 0, 0, 0, 3, 0, 0, 0, 4] + images,
                "source/\(name)-images-idx3-ubyte.gz")
            try folder.write(
                [0, 0, 8, 1, 0, 0, 0, UInt8(count)] + (0..<count).map { UInt8($0 % 10) },
                "source/\(name)-labels-idx1-ubyte.gz")
        }
        return folder
    }
}
