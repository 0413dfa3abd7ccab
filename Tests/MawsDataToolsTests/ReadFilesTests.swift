import Foundation
import MawsData
import MawsDataFiles
import MawsDataTestSupport
import MawsDataTools
import Testing

@Suite struct ReadFilesTests {
    private static func folder() throws -> Folder {
        let folder = try Folder()
        for index in 0..<6 { try folder.write(Fixture.png(UInt8(index)), "photos/c\(index % 2)/p\(index).png") }
        _ = try RowPacker.folder(
            folder.path("photos"), classFolders: true,
            target: PackTarget(output: folder.path("D"), prefix: "photos"), skipsBadRows: false
        ).pack()
        _ = try ShardIndexer.index(folder.path("D/photos-0000.tar"), root: "")
        return folder
    }

    /// All files of the folder of shards.
    private static func contents(_ folder: Folder) throws -> [String: [UInt8]] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("D"))
        return Dictionary(uniqueKeysWithValues: try names.map { ($0, try folder.bytes("D/" + $0)) })
    }

    private static func split(_ folder: Folder, _ shards: [String], prefix: String, isForced: Bool) throws {
        _ = try ShardSplitter(
            shards: shards.map(folder.path),
            target: PackTarget(output: folder.path("D"), prefix: prefix, isForced: isForced),
            names: ("train", "test"), share: 0.5, seed: 3
        ).split()
    }

    @Test(arguments: [false, true], [false, true])
    func aSplitNeverTouchesWhatItReads(isForced: Bool, hasManifest: Bool) throws {
        let folder = try Self.folder()
        if !hasManifest { try FileManager.default.removeItem(atPath: folder.path("D/photos-pack.json")) }
        let before = try Self.contents(folder)
        let error = #expect(throws: DataError.self) {
            try Self.split(folder, ["D/photos-0000.tar"], prefix: "photos", isForced: isForced)
        }
        #expect(error?.description.contains("one of the files that this command reads") == true)
        #expect(try Self.contents(folder) == before)
    }

    @Test func anotherPackOfThePrefixIsReplacedOnlyByForce() throws {
        let folder = try Self.folder()
        try folder.shard("other.tar", try Fixture.members(20))
        let before = try Self.contents(folder)
        let error = #expect(throws: DataError.self) {
            try Self.split(folder, ["other.tar"], prefix: "photos", isForced: false)
        }
        #expect(error?.description.contains("(photos-0000.tar)") == true)
        #expect(try Self.contents(folder) == before)
        try Self.split(folder, ["other.tar"], prefix: "photos", isForced: true)
        #expect(try Self.contents(folder)["photos-train-0000.tar"] != nil)
    }

    @Test func uniqueImagesNeverTakeThePlaceOfTheirSource() throws {
        let folder = try Self.folder()
        let before = try Self.contents(folder)
        let shards = [folder.path("D/photos-0000.tar")]
        let found = try Deduplication(shards: shards, evaluation: [], radius: 4, temporary: folder.path)
        let target = PackTarget(output: folder.path("D"), prefix: "photos", isForced: true)
        #expect(throws: DataError.self) { try UniqueSamples(found, shards: shards, target: target).write() }
        #expect(try Self.contents(folder) == before)
    }

    @Test func aCaptionOfAFolderThatIsPackedIsNeverReplaced() throws {
        let folder = try Folder()
        try folder.write(Fixture.png(1), "photos-hashtags.png")
        try folder.write("my caption #cat", "photos-hashtags.txt")
        let target = PackTarget(output: folder.path, prefix: "photos", isForced: true)
        #expect(throws: DataError.self) {
            try RowPacker.folder(folder.path, classFolders: false, target: target, skipsBadRows: false).pack()
        }
        #expect(try folder.text("photos-hashtags.txt") == "my caption #cat")
    }

    @Test func aFileIsKnownByWhatItIs() throws {
        let folder = try Self.folder()
        try folder.link("link.tar", to: folder.path("D/photos-0000.tar"))
        let reads = ReadFiles(
            shards: ["folder:" + folder.path("photos"), folder.path("D/photos-0000.tar")],
            others: [folder.path("photos/c0/../c0/p0.png")])
        for name in [
            "link.tar", "D/../D/photos-0000.tar", "D/photos-0000.tar.maws-index", "D/photos-classes.txt",
            "photos/c1/p1.png", "photos/c0/p0.png",
        ] {
            #expect(throws: DataError.self, "\(name)") { try reads.refuse(writing: folder.path(name)) }
        }
        try folder.write("x", "photos/model.txt")
        for name in ["D/photos-pack.json", "new.tar", "photos/model.txt"] {
            try reads.refuse(writing: folder.path(name))
        }
    }

    @Test func aRunFolderThatCannotBeMadeIsAFault() throws {
        let folder = try Folder()
        try folder.write("x", "file")
        for path in ["/dev/null/x", "/proc/x", folder.path("file"), folder.path("file/run")] {
            #expect(throws: DataError.self, "\(path)") { try RunFolderCheck.check(path) }
        }
        for path in [folder.path, folder.path("new/run")] { try RunFolderCheck.check(path) }
        #expect(try folder.names() == ["file"])
    }
}
