import Foundation
import MawsData
import MawsDataFiles
import MawsDataTestSupport
import MawsDataTools
import Testing

@Suite struct SampleAccountTests {
    @Test func reasonsCountTogetherWithTheFirstExamples() {
        var account = SampleAccount()
        account.take(3)
        for name in ["a", "b", "c"] { account.add(.incomplete, SampleAccount.noClass, example: name) }
        account.add(.ignored, "hidden files", example: ".DS_Store", count: 2)
        #expect(account.takenCount == 3)
        #expect(account.count(.incomplete, SampleAccount.noClass) == 3)
        #expect(account.entries(.incomplete)[0].examples == ["a", "b"])
        #expect(account.count(.ignored) == 2 && account.count(.leftOut) == 0)
        #expect("\(account)" == "3 taken (3 without a class), 2 ignored (hidden files: 2)")
    }

    @Test func particularsOfOneSampleDoNotSplitAReason() {
        var account = SampleAccount()
        for side in [9000, 8000] {
            account.leaveOut(
                SkippedSample(
                    shard: "a.tar", member: "\(side)", offset: 0,
                    reason: "the image claims \(side) x \(side) pixels, above the limit of 100"))
        }
        account.leaveOut(
            SkippedSample(
                shard: "a.tar", member: "x", offset: 0, reason: "the image is a damaged JPEG file (bad Huffman code)"))
        #expect(account.entries(.leftOut).map(\.count) == [2, 1])
        #expect(account.entries(.leftOut)[0].reason == "the image claims … x … pixels, above the limit of …")
        #expect(account.entries(.leftOut)[0].examples == ["a.tar, 9000", "a.tar, 8000"])
        #expect(account.entries(.leftOut)[1].reason == "the image is a damaged JPEG file")
    }

    @Test func whatIsQuotedDoesNotSplitAReason() {
        var account = SampleAccount()
        for text in ["1 2", "shoe"] {
            account.leaveOut(
                SkippedSample(
                    shard: "a.tar", member: text, offset: 0,
                    reason: "its member says '\(text)', where the list's one belongs"))
        }
        #expect(account.entries(.leftOut).map(\.reason) == ["its member says …, where the list's one belongs"])
    }

    @Test func mergingIsAddingOneAfterTheOther() {
        var (whole, first, second) = (SampleAccount(), SampleAccount(), SampleAccount())
        for number in 0..<10 {
            let reason = number % 3 == 0 ? "cut" : "without hashtags"
            whole.take()
            whole.add(.incomplete, reason, example: "\(number)")
            if number < 5 {
                first.take()
                first.add(.incomplete, reason, example: "\(number)")
            } else {
                second.take()
                second.add(.incomplete, reason, example: "\(number)")
            }
        }
        first.merge(second)
        #expect(first == whole)
    }

    @Test func manyReasonsStayBounded() {
        var account = SampleAccount()
        for number in 0..<1000 { account.add(.leftOut, "reason \(number)") }
        #expect(account.count(.leftOut) == 1000)
        #expect(account.entries(.leftOut).count == SampleAccount.reasonsMax + 1)
        #expect(account.count(.leftOut, SampleAccount.otherReasons) == 1000 - SampleAccount.reasonsMax)
    }

    @Test func itIsKeptAsJSON() throws {
        var account = SampleAccount()
        account.take(2)
        account.add(.leftOut, "no image", example: "a.txt")
        let read = try JSONDecoder().decode(SampleAccount.self, from: JSONEncoder().encode(account))
        #expect(read == account)
    }

    @Test func packStatsAndSplitSayWhatBecameOfTheSamples() throws {
        let folder = try Folder()
        for (name, caption) in [("a", "a #dog"), ("b", nil)] as [(String, String?)] {
            try folder.write(Fixture.png(1), "photos/\(name).jpg")
            if let caption { try folder.write(caption, "photos/\(name).txt") }
        }
        try folder.write("no image", "photos/c.jpg")
        let packed = try RowPacker.folder(
            folder.path("photos"), classFolders: false, target: PackTarget(output: folder.path, prefix: "p"),
            skipsBadRows: true
        ).pack()
        #expect(packed.account.takenCount == 2)
        #expect(packed.account.count(.incomplete, SampleAccount.noCaption) == 1)
        #expect(packed.account.count(.incomplete, SampleAccount.noHashtags) == 1)
        #expect(packed.account.count(.incomplete, SampleAccount.noClass) == 2)
        #expect(packed.account.count(.leftOut) == 1)

        let again = try RowPacker.folder(
            folder.path("photos"), classFolders: false, target: PackTarget(output: folder.path, prefix: "p"),
            skipsBadRows: true
        ).pack()
        #expect(again.wasThere && again.account == packed.account, "a pack that is there tells what it told before")

        #expect(try ShardSurvey(shards: [folder.path("p-0000.tar")]).account.takenCount == 2)
        let split = try ShardSplitter(
            shards: [folder.path("p-0000.tar")], target: PackTarget(output: folder.path("s"), prefix: "s"),
            names: ("train", "test"), share: 0.5, seed: 1
        ).split()
        #expect(split.account.takenCount == 2 && split.account.count(.incomplete, SampleAccount.noClass) == 2)
    }

    @Test func indexAndLabelsSayWhatIsNoSample() throws {
        let folder = try Folder()
        try folder.shard("a.tar", try Fixture.members(2) + [("notes.md", Array("about them".utf8))])
        let indexed = try ShardIndexer.index(folder.path("a.tar"), root: "").account
        #expect(indexed.takenCount == 2 && indexed.count(.ignored) == 1)
        var (rows, ignored) = (0, SampleAccount())
        try HashtagSource.shards([folder.path("a.tar")], skipsBadRows: false).forEachSample(
            progress: { _ in }, problem: { _ in }, ignored: { ignored.merge($0) }, { _ in rows += 1 })
        #expect(rows == 2 && ignored.count(.ignored) == 1 && ignored.takenCount == 0)
    }
}
