import Foundation
import MawsData
import MawsDataFiles
import MawsDataTestSupport
import Testing

@Suite struct TarTests {
    @Test func samplesAreReadBackAsWritten() throws {
        let folder = try Folder()
        try folder.shard("a.tar", try Fixture.members(3))
        let dataset = try Dataset(Fixture.split(["a.tar"]), root: folder.path)
        #expect(dataset.count == 3)
        let sample = try dataset.sample(2)
        #expect(sample.name == "s2")
        #expect(sample.image == (try Fixture.png(2)))
        #expect(sample.caption == "photo number 2 #t2")
        #expect(sample.hashtags == ["all", "t2"])
        #expect(sample.classIndex == 2)
    }

    @Test func theSameMembersGiveTheSameBytes() throws {
        let folder = try Folder()
        try folder.shard("a.tar", try Fixture.members(3))
        try folder.shard("b.tar", try Fixture.members(3))
        #expect(try folder.bytes("a.tar") == folder.bytes("b.tar"))
    }

    @Test func gnuTarReadsWhatIsWritten() throws {
        let folder = try Folder()
        let long = String(repeating: "long/", count: 60) + "name.png"
        try folder.shard("a.tar", [("short.png", [1, 2, 3]), (long, Array(repeating: 7, count: 600))])
        try run("tar", ["-xf", folder.path("a.tar"), "-C", folder.path])
        #expect(try folder.bytes("short.png") == [1, 2, 3])
        #expect(try folder.bytes(long) == Array(repeating: 7, count: 600))
    }

    @Test(arguments: ["gnu", "pax", "ustar", "v7"])
    func archivesOfEveryFormatAreRead(format: String) throws {
        let folder = try Folder()
        let deep = format == "gnu" || format == "pax" ? String(repeating: "deep/", count: 40) : "deep/"
        try folder.write(try Fixture.png(9), "tree/\(deep)image.seg.png")
        try folder.write(try Fixture.png(8), "tree/\(deep)picture.png")
        try folder.write("a caption", "tree/\(deep)picture.txt")
        try run(
            "tar", ["--format=\(format)", "--sort=name", "-cf", folder.path("a.tar"), "-C", folder.path("tree"), "."])
        let dataset = try Dataset(Fixture.split(["a.tar"]), root: folder.path)
        #expect(dataset.count == 2)
        #expect(try dataset.sample(0).name == deep + "image")
        let sample = try dataset.sample(1)
        #expect(sample.name == deep + "picture")
        #expect(sample.caption == "a caption")
    }

    @Test func membersOfOtherKindsAreSkipped() throws {
        let folder = try Folder()
        try folder.shard(
            "a.tar",
            [("a.png", try Fixture.png(1)), ("a.mp3", [1]), ("a.txt", [65]), ("README", [2]), ("b.png", [3])])
        let dataset = try Dataset(Fixture.split(["a.tar"]), root: folder.path)
        #expect(dataset.count == 2)
        #expect(try dataset.sample(0).caption == "A")
    }

    @Test func captionsTagsServeWhereThereIsNoJSON() throws {
        let folder = try Folder()
        try folder.shard("a.tar", [("a.png", [1]), ("a.txt", Array("so #Good, #very_good!#good #été".utf8))])
        let dataset = try Dataset(Fixture.split(["a.tar"]), root: folder.path)
        #expect(try dataset.sample(0).hashtags == ["good", "very_good", "été"])
    }

    @Test func hashtagsOfAnObjectAreRead() throws {
        let folder = try Folder()
        try folder.shard("a.tar", [("a.png", [1]), ("a.json", Array(##"{"hashtags": ["#A"], "x": 1}"##.utf8))])
        let dataset = try Dataset(Fixture.split(["a.tar"]), root: folder.path)
        #expect(try dataset.sample(0).hashtags == ["a"])
    }

    @Test func aCutShardIsNamedWhereverItIsCut() throws {
        let folder = try Folder()
        try folder.shard("a.tar", try Fixture.members(2))
        let bytes = try folder.bytes("a.tar")
        for length in [0, 1, 511, 512, 540, 1100, 1500, bytes.count / 2, bytes.count - 1025 - 512] {
            try folder.write(Array(bytes.prefix(length)), "cut.tar")
            let sentence = Fixture.sentence { _ = try Dataset(Fixture.split(["cut.tar"]), root: folder.path) }
            #expect(sentence?.contains("cut.tar") == true, "cut to \(length): \(sentence ?? "read")")
        }
    }

    @Test func aCutShardGivesWhatLiesBeforeTheCut() throws {
        let folder = try Folder()
        try folder.shard("a.tar", try Fixture.members(3))
        try folder.write(Array(try folder.bytes("a.tar").dropLast(1024 + 512)), "cut.tar")
        let dataset = try Dataset(Fixture.split(["cut.tar"], skipLimit: 0.5), root: folder.path)
        #expect(dataset.count == 2)
        #expect(dataset.problems.map(\.member) == ["s2.cls"])
        #expect(dataset.problems[0].reason.contains("reaches to byte"))
    }

    /// Cut within the second member of the third sample, within that one's header, and within its image.
    @Test(arguments: [(9 * 1024 + 512 + 1, "s2.txt"), (9 * 1024 + 100, "s2"), (8 * 1024 + 512 + 1, "s2.png")])
    func aSampleThatIsCutOffIsLeftOutWholeAndCountedOnce(length: Int, member: String) throws {
        let folder = try Folder()
        try folder.shard("a.tar", try Fixture.members(3))
        try folder.write(Array(try folder.bytes("a.tar").prefix(length)), "a.tar")
        for isIndexed in [false, true] {
            if isIndexed { #expect(try ShardIndexer.index("a.tar", root: folder.path).sampleCount == 2) }
            let dataset = try Dataset(Fixture.split(["a.tar"], skipLimit: 0.5), root: folder.path)
            #expect(try (0..<dataset.count).map { try dataset.sample($0).classIndex } == [0, 1])
            #expect(dataset.problems.map(\.member) == [member])
            #expect(dataset.account.count(.leftOut) == 1 && dataset.account.count(.incomplete) == 0)
        }
    }

    /// The header of one member of the second sample is damaged: whichever it is, no sample is used without it.
    @Test(arguments: ["s1.png", "s1.txt", "s1.json", "s1.cls"])
    func aSampleThatLostAMemberToDamageIsLeftOutWholeAndCountedOnce(member: String) throws {
        let folder = try Folder()
        try folder.shard("a.tar", try Fixture.members(4))
        var bytes = try folder.bytes("a.tar")
        let block = try #require(
            (0..<bytes.count / 512).first {
                bytes[$0 * 512..<$0 * 512 + member.utf8.count].elementsEqual(member.utf8)
            })
        bytes[block * 512 + 130] ^= 1
        try folder.write(bytes, "a.tar")
        let dataset = try Dataset(Fixture.split(["a.tar"], skipLimit: 0.5), root: folder.path)
        #expect(try (0..<dataset.count).allSatisfy { try dataset.sample($0).caption?.contains("number") == true })
        #expect(try (0..<dataset.count).map { try dataset.sample($0).classIndex } == [0, 2, 0])
        #expect(dataset.problems.count == 1 && dataset.account.count(.leftOut) == 1)
    }

    @Test func damageBesideTheFirstSampleIsSaid() throws {
        let folder = try Folder()
        try folder.shard("a.tar", [("a.png", [1]), ("a.txt", [65])])
        var bytes = try folder.bytes("a.tar")
        bytes[1024 + 130] ^= 1
        try folder.write(bytes, "a.tar")
        for isIndexed in [false, true] {
            if isIndexed { _ = try ShardIndexer.index("a.tar", root: folder.path) }
            let dataset = try Dataset(Fixture.split(["a.tar"], skipLimit: 1), root: folder.path)
            #expect(dataset.count == 1 && dataset.problems.count == 1)
            #expect(dataset.account.count(.incomplete, SampleAccount.besideDamage) == 1)
        }
    }

    /// As programs that are killed, or that end an archive by closing the file, leave it. Python's tarfile, GNU's tar
    /// and webdataset read it.
    @Test(arguments: [0, 512, 100])
    func aShardWithoutAnEndMarkIsReadWholeAndSaid(zeros: Int) throws {
        let folder = try Folder()
        try folder.shard("a.tar", try Fixture.members(3))
        try folder.write(Array(try folder.bytes("a.tar").dropLast(1024 - zeros)), "a.tar")
        for isIndexed in [false, true] {
            if isIndexed { #expect(try ShardIndexer.index("a.tar", root: folder.path).sampleCount == 3) }
            let dataset = try Dataset(Fixture.split(["a.tar"]), root: folder.path)
            #expect(try (0..<dataset.count).map { try dataset.sample($0).classIndex } == [0, 1, 2])
            #expect(dataset.account.count(.incomplete, SampleAccount.noEnd) == (zeros == 512 ? 0 : 1))
        }
    }

    @Test func theLastMemberNeedsNoPadding() throws {
        let folder = try Folder()
        try folder.shard("a.tar", [("a.png", [1]), ("a.txt", Array("whole".utf8))])
        try folder.write(Array(try folder.bytes("a.tar").prefix(1024 + 512 + 5)), "a.tar")
        let dataset = try Dataset(Fixture.split(["a.tar"]), root: folder.path)
        #expect(try dataset.sample(0).caption == "whole")
        #expect(dataset.account.count(.incomplete, SampleAccount.noEnd) == 1)
    }

    @Test func behindABrokenHeaderTheScanGoesOnAtTheNextWholeOne() throws {
        let folder = try Folder()
        try folder.shard("a.tar", try Fixture.members(4))
        let whole = try Dataset(Fixture.split(["a.tar"]), root: folder.path)
        let bytes = try folder.bytes("a.tar")
        let header = try #require(
            (0..<bytes.count / 512).first { bytes[$0 * 512..<$0 * 512 + 6].elementsEqual("s1.png".utf8) })
        // A size that is too small leads into the image's data; one that is too large over the next headers.
        for size in [0, 1, 3000, 1 << 30] {
            var lying = bytes
            lying.replaceSubrange(
                header * 512..<header * 512 + 512,
                with: TarWriter.header(name: "s1.png", size: size, flag: UInt8(ascii: "0")))
            try folder.write(lying, "lying.tar")
            let dataset = try Dataset(Fixture.split(["lying.tar"], skipLimit: 1), root: folder.path)
            #expect(dataset.problems.count <= 1 && dataset.problems.allSatisfy { $0.shard == folder.path("lying.tar") })
            #expect(try dataset.sample(dataset.count - 1).image == whole.sample(3).image, "size \(size)")
            #expect(try dataset.sample(0).caption == whole.sample(0).caption)
        }
    }

    @Test func zerosThatEndNothingAreNamed() throws {
        let folder = try Folder()
        try folder.shard("a.tar", [("a.png", [1]), ("b.png", [2]), ("c.png", [3])])
        var bytes = try folder.bytes("a.tar")
        bytes.replaceSubrange(1024..<1536, with: [UInt8](repeating: 0, count: 512))
        try folder.write(bytes, "zeros.tar")
        let dataset = try Dataset(Fixture.split(["zeros.tar"], skipLimit: 1), root: folder.path)
        #expect(try (0..<dataset.count).map { try dataset.sample($0).name } == ["a", "c"])
        #expect(dataset.problems.map(\.offset) == [1024])
    }

    @Test func membersThatMayNotBeAreSkippedAndNamed() throws {
        let folder = try Folder()
        try folder.shard(
            "a.tar",
            [
                ("a.png", [1]), ("../b.png", [2]), ("c.png", [3]), ("d.png", [4]), ("d.jpg", [5]), ("d.txt", [65]),
                ("e.png", [6]),
            ])
        let dataset = try Dataset(Fixture.split(["a.tar"], skipLimit: 0.7), root: folder.path)
        #expect(try (0..<dataset.count).map { try dataset.sample($0).name } == ["a", "c", "e"])
        #expect(dataset.problems.map(\.member) == ["../b.png", "d"])
        let sentence = Fixture.sentence { _ = try Dataset(Fixture.split(["a.tar"], skipLimit: 0.5), root: folder.path) }
        #expect(
            sentence?.hasPrefix("2 of the 3 samples of split 'train' are unreadable and its skip_limit allows 1.")
                == true)
        #expect(sentence?.contains("/a.tar, ../b.png at byte 1024: member name '../b.png' is absolute") == true)
        #expect(sentence?.contains("/a.tar, d at byte 3072: sample 'd' has more than one image member") == true)
    }

    private static let spoilt: [[(name: String, data: [UInt8])]] = [
        [("b.png", [1]), ("b.txt", [65]), ("b.txt", [66])], [("b.png", [1]), ("b.txt", [65]), ("b.TXT", [66])],
        [("b.png", [1]), ("b.jpg", [1]), ("b.txt", [65])], [("b.png", [1]), ("b.png", [2])],
        [("/b.png", [1]), ("/b.txt", [65])], [("../b.png", [1]), ("../b.txt", [65]), ("../b.cls", [49])],
        [("x/../b.txt", [65]), ("x/../b.png", [1])],
    ]

    @Test(arguments: spoilt.indices, [0, 1])
    func aSpoiltSampleIsLeftOutAloneAndCountedOnce(index: Int, place: Int) throws {
        let folder = try Folder()
        let good: [(name: String, data: [UInt8])] = [("a.png", [1]), ("a.txt", [65]), ("c.png", [3]), ("c.txt", [67])]
        let bad = Self.spoilt[index]
        try folder.shard("a.tar", good[..<(2 * place)] + bad + good[(2 * place)...])
        let dataset = try Dataset(Fixture.split(["a.tar"], skipLimit: 0.5), root: folder.path)
        #expect(try (0..<dataset.count).map { try dataset.sample($0).name } == ["a", "c"])
        #expect(dataset.problems.count == 1 && dataset.account.count(.leftOut) == 1)
        #expect(dataset.account.entries(.leftOut)[0].examples[0].contains("a.tar, "))
        let indexed = try ShardIndexer.index(folder.path("a.tar"), root: "")
        #expect(indexed.sampleCount == 2 && indexed.account.count(.leftOut) == 1)
    }

    @Test func manySpoiltSamplesLeaveTheOthers() throws {
        let folder = try Folder()
        let members = (0..<1500).flatMap { index in [("\(index).png", [UInt8(1)]), ("\(index).jpg", [UInt8(1)])] }
        try folder.shard("a.tar", [("good.png", [1])] + members)
        let dataset = try Dataset(Fixture.split(["a.tar"], skipLimit: 1), root: folder.path)
        #expect(dataset.count == 1 && dataset.account.count(.leftOut) == 1500)
        #expect(try ShardIndexer.index(folder.path("a.tar"), root: "").problems.count == 1500)
    }

    @Test func damageToAHeaderIsNoticed() throws {
        let folder = try Folder()
        try folder.shard("a.tar", [("a.png", [1]), ("a.txt", [65])])
        let bytes = try folder.bytes("a.tar")
        // Byte 155 is the blank behind the checksum, which says nothing.
        for position in 0..<512 where position != 155 {
            var damaged = bytes
            damaged[position] ^= 0x81
            try folder.write(damaged, "damaged.tar")
            #expect(throws: DataError.self) {
                _ = try Dataset(Fixture.split(["damaged.tar"]), root: folder.path)
            }
        }
    }

    @Test func aLyingSizeIsRefusedBeforeItIsBelieved() throws {
        let folder = try Folder()
        for flag in ["0", "L", "x"] {
            let header = TarWriter.header(name: "a.png", size: 1 << 32, flag: Character(flag).asciiValue ?? 0)
            try folder.write(header + [UInt8](repeating: 0, count: 1024), "a.tar")
            let sentence = Fixture.sentence { _ = try Dataset(Fixture.split(["a.tar"]), root: folder.path) }
            #expect(sentence?.contains("reaches to byte 4294967808 but the file has 1536 bytes") == true)
        }
    }

    @Test(arguments: ["/etc/a.png", "../a.png", "a/../../b.png", "a/", ""])
    func namesThatClimbAreRefused(name: String) throws {
        let folder = try Folder()
        try folder.shard("a.tar", [(name, [1])])
        let sentence = Fixture.sentence { _ = try Dataset(Fixture.split(["a.tar"]), root: folder.path) }
        #expect(sentence?.contains("absolute, empty or climbs") == true)
    }

    @Test func linksAndDevicesAreRefused() throws {
        let folder = try Folder()
        for flag in ["1", "2", "3", "6"] {
            let header = TarWriter.header(name: "a.png", size: 0, flag: Character(flag).asciiValue ?? 0)
            try folder.write(header + [UInt8](repeating: 0, count: 1024), "a.tar")
            #expect(throws: DataError.self) { _ = try Dataset(Fixture.split(["a.tar"]), root: folder.path) }
        }
    }

    @Test func twoImagesInASampleAreRefused() throws {
        let folder = try Folder()
        try folder.shard("a.tar", [("a.png", [1]), ("a.jpg", [1])])
        let sentence = Fixture.sentence { _ = try Dataset(Fixture.split(["a.tar"]), root: folder.path) }
        #expect(sentence?.contains("sample 'a' has more than one image member") == true)
    }

    @Test func aMissingOrEmptyShardIsOneSentence() throws {
        let folder = try Folder()
        let missing = Fixture.sentence { _ = try Dataset(Fixture.split(["no.tar"]), root: folder.path) }
        #expect(missing?.hasPrefix("Cannot open \(folder.path)/no.tar: No such file or directory") == true)
        try folder.shard("empty.tar", [])
        let empty = Fixture.sentence { _ = try Dataset(Fixture.split(["empty.tar"]), root: folder.path) }
        #expect(empty == "\(folder.path)/empty.tar holds no samples.")
        let directory = Fixture.sentence { _ = try Dataset(Fixture.split(["."]), root: folder.path) }
        #expect(directory?.contains("Is a directory") == true)
    }

    @Test func theFingerprintFollowsNamesSizesAndOrderAlone() throws {
        let folder = try Folder()
        try folder.shard("a.tar", [("a.png", [1]), ("b.png", [2])])
        try folder.shard("other-bytes.tar", [("a.png", [9]), ("b.png", [9])])
        try folder.shard("a1.tar", [("a.png", [1])])
        try folder.shard("b1.tar", [("b.png", [2])])
        try folder.shard("size.tar", [("a.png", [1, 1]), ("b.png", [2])])
        try folder.shard("name.tar", [("a.png", [1]), ("c.png", [2])])
        func fingerprint(_ shards: String...) throws -> String {
            try Dataset(Fixture.split(shards), root: folder.path).fingerprint
        }
        let one = try fingerprint("a.tar")
        #expect(one.count == 64)
        #expect(try fingerprint("other-bytes.tar") == one)
        #expect(try fingerprint("a1.tar", "b1.tar") == one)
        #expect(try fingerprint("b1.tar", "a1.tar") != one)
        #expect(try fingerprint("size.tar") != one)
        #expect(try fingerprint("name.tar") != one)
    }

    private func run(_ program: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }
}
