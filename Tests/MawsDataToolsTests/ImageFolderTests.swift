import Foundation
import MawsData
import MawsDataTestSupport
import MawsDataTools
import Testing

/// Folders as people have them.
@Suite struct ImageFolderTests {
    @Test func linksAreFollowed() throws {
        let folder = try Folder()
        for name in ["dog/0.png", "dog/1.png", "cat/0.png"] { try folder.write(try Fixture.png(1), "real/" + name) }
        try folder.write(try Fixture.png(2), "elsewhere/2.png")
        try folder.write("a caption", "elsewhere/2.txt")
        try folder.link("linked/dog", to: "../real/dog")
        try folder.link("linked/cat/a.png", to: "../../elsewhere/2.png")
        try folder.link("linked/cat/a.txt", to: "../../elsewhere/2.txt")
        try folder.link("link", to: "linked")
        for path in ["linked", "link", "link/"] {
            let dataset = try Dataset(Fixture.split(["folder:" + path]), root: folder.path)
            let samples = try (0..<dataset.count).map { try dataset.sample($0) }
            #expect(samples.map(\.classIndex) == [0, 1, 1])
            #expect(samples[0].caption == "a caption")
            #expect(samples[0].image == (try Fixture.png(2)))
            let result = try Self.pack(folder, path)
            #expect(result.manifest.sampleCount == 3)
        }
    }

    @Test func aLinkThatLeadsBackIsNamed() throws {
        let folder = try Folder()
        try folder.write(try Fixture.png(1), "in/a/b/0.png")
        try folder.link("in/a/b/up", to: "../..")
        let sentence = Fixture.sentence { _ = try Self.pack(folder, "in") }
        #expect(sentence == "\(folder.path("in"))/a/b/up leads back to a folder that it lies in; remove that link.")
    }

    @Test func aLinkToNothingIsABadRow() throws {
        let folder = try Folder()
        try folder.write(try Fixture.png(1), "in/a/0.png")
        try folder.link("in/a/1.png", to: "/nowhere/1.png")
        try folder.link("in/b", to: "/nowhere/b")
        let sentence = Fixture.sentence { _ = try Self.pack(folder, "in") }
        #expect(sentence == "\(folder.path("in"))/a/1.png is a link to what is not there.")
        let result = try Self.pack(folder, "in", skipsBadRows: true)
        #expect(result.manifest.sampleCount == 1 && result.account.count(.leftOut) == 2)
        #expect(result.problems.last == "\(folder.path("in"))/b is a link to what is not there.")
    }

    @Test func hiddenFilesAreSkippedAndCounted() throws {
        let folder = try Folder()
        for name in [
            "dog/a.png", "dog/._a.png", "dog/.a.png", "__MACOSX/dog/._a.png", ".ipynb_checkpoints/a-checkpoint.png",
            ".cache/b.png",
        ] { try folder.write(try Fixture.png(1), "in/" + name) }
        try folder.write("x", "in/.DS_Store")
        let result = try Self.pack(folder, "in")
        #expect(result.manifest.sampleCount == 1)
        #expect(try folder.text("out/my-classes.txt") == "dog\n")
        #expect(result.account.entries(.ignored).map(\.count) == [6])
        let dataset = try Dataset(Fixture.split(["folder:in"]), root: folder.path)
        #expect(dataset.count == 1 && dataset.account.count(.ignored) == 6)
    }

    @Test func endingsOfEveryKindAndCaseAreRead() throws {
        let folder = try Folder()
        let names = ["a.PNG", "b.jpg", "c.JPEG", "d.jfif", "e.JPE", "f.WebP", "g v1.2.png"]
        for name in names { try folder.write(try Fixture.png(1), "in/" + name) }
        for name in ["a.TXT", "b.txt", "b.Txt", "d.Txt", "g v1.2.txt", "h.txt"] { try folder.write(name, "in/" + name) }
        try folder.write(##"["one"]"##, "in/b.JSON")
        for name in ["i.heic", "j.HEIC", "k.gif", "noending"] { try folder.write("x", "in/" + name) }
        let result = try Self.pack(folder, "in", classFolders: false)
        #expect(result.manifest.sampleCount == 7)
        let dataset = try Dataset(Fixture.split(["my-0000.tar"]), root: folder.path("out"))
        let samples = try (0..<dataset.count).map { try dataset.sample($0) }
        #expect(samples.map(\.caption) == ["a.TXT", "b.txt", nil, "d.Txt", nil, nil, "g v1.2.txt"])
        #expect(samples[1].hashtags == ["one"])
        #expect(result.account.count(.ignored, "what ends in .heic") == 2)
        #expect(result.account.count(.ignored, "what ends in .gif") == 1)
        #expect(result.account.count(.ignored, "without an ending") == 1)
        #expect(result.account.count(.ignored, "captions and hashtags without an image") == 2)
    }

    @Test func namesNeedNotBeText() throws {
        let folder = try Folder()
        try FileManager.default.createDirectory(atPath: folder.path("in"), withIntermediateDirectories: true)
        let names: [[UInt8]] = [
            Array("caf".utf8) + [0xE9], Array("caf".utf8) + [0xE8], Array("two\nlines".utf8),
            Array(repeating: 97, count: 250),
        ]
        for (number, name) in names.enumerated() {
            try folder.write(Fixture.png(UInt8(number)), named: Array("in/".utf8) + name + Array(".png".utf8))
            try folder.write(Array("caption \(number)".utf8), named: Array("in/".utf8) + name + Array(".txt".utf8))
        }
        #expect(try Self.pack(folder, "in", classFolders: false).manifest.sampleCount == 4)
        for (shard, root) in [("my-0000.tar", folder.path("out")), ("folder:in", folder.path)] {
            let dataset = try Dataset(Fixture.split([shard]), root: root)
            let samples = try (0..<dataset.count).map { try dataset.sample($0) }
            #expect(samples.map(\.caption) == ["caption 3", "caption 1", "caption 0", "caption 2"])
            for (sample, number) in zip(samples, [3, 1, 0, 2] as [UInt8]) {
                #expect(sample.image == (try Fixture.png(number)))
            }
        }
        try folder.write([1], named: Array("in/caf".utf8) + [0xEA] + Array("\n.png".utf8))
        let sentence = Fixture.sentence { _ = try Self.pack(folder, "in", classFolders: false) }
        #expect(sentence?.hasPrefix(folder.path("in") + #"/caf\xEA\x0A.png is neither JPEG, PNG nor WebP"#) == true)
    }

    @Test func whatIsNoFileIsNamedAndNeverWaitedFor() throws {
        let folder = try Folder()
        try folder.write(try Fixture.png(1), "in/a/0.png")
        #expect(mkfifo(folder.path("in/a/1.png"), 0o644) == 0 && mkfifo(folder.path("in/a/pipe"), 0o644) == 0)
        #expect(mkfifo(folder.path("in/a/0.txt"), 0o644) == 0)
        try folder.write([], "in/a/2.png")
        let result = try Self.pack(folder, "in", skipsBadRows: true)
        #expect(result.manifest.sampleCount == 1)
        #expect(
            result.problems == [
                "\(folder.path("in"))/a/0.txt is a pipe, a socket or a device and no file.",
                "\(folder.path("in"))/a/1.png is a pipe, a socket or a device and no file.",
                "\(folder.path("in"))/a/2.png is empty.",
            ])
        #expect(result.account.count(.ignored, "pipes, sockets and devices") == 1)
        try folder.write("image\na/1.png\n", "in/list.csv")
        let list = try Dataset(Fixture.split(["list:in/list.csv"]), root: folder.path)
        let sentence = Fixture.sentence { _ = try list.sample(0) }
        #expect(sentence?.contains("the image is a pipe, a socket or a device and no file") == true)
    }

    @Test func aClassWithoutImagesIsCounted() throws {
        let folder = try Folder()
        try folder.write(try Fixture.png(1), "in/ant/0.png")
        try folder.write("x", "in/bee/readme.md")
        try FileManager.default.createDirectory(
            atPath: folder.path("in/cow/deep"), withIntermediateDirectories: true)
        let result = try Self.pack(folder, "in")
        let entry = result.account.entries(.ignored).first { $0.reason == "folders of a class without an image" }
        #expect(entry?.count == 2 && entry?.examples == ["bee", "cow"])
    }

    @Test func aFolderOfOtherKindsSaysWhich() throws {
        let folder = try Folder()
        for name in ["a.heic", "b.heic", ".hidden.jpg"] { try folder.write("x", "in/" + name) }
        let sentence = Fixture.sentence { _ = try Self.pack(folder, "in") }
        #expect(sentence?.contains("holds no jpg, jpeg, png or webp files (but what ends in .heic: 2, hidden") == true)
    }

    private static func pack(
        _ folder: Folder, _ path: String, classFolders: Bool = true, skipsBadRows: Bool = false
    ) throws -> PackResult {
        try RowPacker.folder(
            folder.path(path), classFolders: classFolders,
            target: PackTarget(output: folder.path("out"), prefix: "my", isForced: true), skipsBadRows: skipsBadRows
        ).pack()
    }
}
