import Foundation
import MawsData
import MawsImages
import Testing

/// What programs print: in the order in which it is said, and nothing that moves a cursor.
@Suite(.serialized) struct ConsoleTests {
    private let folder: String

    init() throws { folder = try TestData.freshFolder() }

    @Test func standardOutputAndErrorComeInOrderInOneFile() throws {
        let image = try PNGEncoder.encode(PixelImage(width: 2, height: 2, channels: 1, pixels: [1, 2, 3, 4]))
        // More than a buffer of standard output holds.
        let names = (0..<40).map { "\($0)" + String(repeating: "a long name ", count: 20) }
        try shard(names.map { ("\($0).png", Array("no image".utf8)) } + [("z.png", image)])
        let program = Program("maws", ["data", "verify", "--shards", folder + "/a.tar"])
        #expect(try program.run() == 1)
        let lines = program.output.split(separator: "\n")
        #expect(lines.count > 40 && lines.filter { $0.contains("Error: ") }.count == 1)
        #expect(lines.last == "Error: 40 of 41 samples are unreadable.", "\(lines.suffix(3))")
    }

    @Test func controlCodesInFilesReachNoTerminal() throws {
        let image = try PNGEncoder.encode(PixelImage(width: 2, height: 2, channels: 1, pixels: [1, 2, 3, 4]))
        let tags = #"["\u001b[31mred", "\u009b2J", "\u202eevil"]"#
        try shard([("a.png", image), ("a.json", Array(tags.utf8)), ("a.\u{1B}c", [1]), ("b\u{9B}2J.png", [2])])
        try "image,class\na.png,\u{1B}[31mred\na.png,\u{9B}2Jblue\n".write(
            toFile: folder + "/list.csv", atomically: true, encoding: .utf8)
        try Data(image).write(to: URL(fileURLWithPath: folder + "/a.png"))
        for arguments in [
            ["stats", "--shards", "a.tar"], ["verify", "--shards", "a.tar"], ["index", "--shards", "a.tar"],
            ["labels", "--shards", "a.tar", "--skip-bad"], ["tokenizer", "--shards", "a.tar", "--output", "t.model"],
            ["pack", "list", "list.csv", "--prefix", "l", "--output", "o"], ["stats", "--shards", "\u{1B}c.tar"],
            ["stats", "--\u{1B}[31m"],
        ] {
            let program = Program("maws", ["data"] + arguments)
            program.process.currentDirectoryURL = URL(fileURLWithPath: folder)
            _ = try program.run()
            let marks = program.output.unicodeScalars.filter {
                $0.properties.generalCategory == .control && $0 != "\n" || $0.properties.generalCategory == .format
            }
            #expect(!program.output.isEmpty && marks.isEmpty, "\(arguments): \(program.output.debugDescription)")
        }
    }

    /// What was asked for cannot be done: one sentence, an exit code that is not 0, and nothing made.
    @Test(arguments: [
        (["stats", "--shards", "bad.tar"], "None of the 2 samples can be read, so that there is nothing to describe."),
        (
            ["split", "--shards", "a.tar", "--test", "-0.1", "--prefix", "p", "--output", "o"],
            "--test -0.1: expected a share"
        ),
        (
            ["split", "--shards", "a.tar", "--test", "0.5", "--prefix", "p", "--output", "o"],
            "or leave such samples out with"
        ),
        (["split", "--shards", "a.tar", "--test", "0.5", "--prefix", "p", "--output", "s3://b/o"], "it is an address"),
        (["stats", "--shards", "s3://b/a.tar"], "`pipe:aws s3 cp s3://b/a.tar -`"),
        (["stats", "--shards", "file:///b/a.tar"], "write the path alone, without `file://`"),
        (["stats", "--shards", "~/a.tar"], "begins with `~`"),
        (["stats", "--shards", "folder:s3://b/a"], "`pipe:aws"),
        (
            ["tokenizer", "--shards", "a.tar", "--output", "a.png"],
            "a.png is already there and is no SentencePiece model"
        ),
        (
            ["tokenizer", "--shards", "a.tar", "--output", "t.model", "--context", "1"],
            "--context 1: expected at least 2"
        ),
        (["tokenizer", "--shards", "a.tar", "--output", "no/t.model", "--size", "-3"], "cannot have -3 pieces"),
        (
            ["tokenizer", "--shards", "a.tar", "--output", "a.png/t.model"],
            "Cannot make the folder a.png: Not a directory."
        ),
    ])
    func whatCannotBeDoneIsOneSentence(_ arguments: [String], _ words: String) throws {
        let image = try PNGEncoder.encode(PixelImage(width: 2, height: 2, channels: 1, pixels: [1, 2, 3, 4]))
        try shard([("a.png", image), ("a.txt", Array("a dog".utf8)), ("b.png", [1])])
        try FileManager.default.moveItem(atPath: folder + "/a.tar", toPath: folder + "/whole.tar")
        try shard([("a.png", [1]), ("b.png", [2])])
        try FileManager.default.moveItem(atPath: folder + "/a.tar", toPath: folder + "/bad.tar")
        try FileManager.default.moveItem(atPath: folder + "/whole.tar", toPath: folder + "/a.tar")
        try Data(image).write(to: URL(fileURLWithPath: folder + "/a.png"))
        let before = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        let program = Program("maws", ["data"] + arguments)
        program.process.currentDirectoryURL = URL(fileURLWithPath: folder)
        #expect(try program.run() != 0)
        #expect(program.output.contains(words) && !program.output.contains(".cc("), "\(program.output)")
        let after = try FileManager.default.contentsOfDirectory(atPath: folder).sorted().filter { $0 != "o" }
        #expect(after == before, "nothing half written")
    }

    /// Its index is as true as another one's.
    @Test func shardsWithoutASampleAreAnError() throws {
        try shard([("notes.md", [1])])
        let program = Program("maws", ["data", "index", "--shards", folder + "/a.tar"])
        #expect(try program.run() == 1)
        #expect(program.output.contains("what ends in .md"), "\(program.output)")
        #expect(program.output.contains("Error: There is no sample in this shard: no run can read any."))
    }

    /// A file that is cut and an exit code of 0 would be taken for all that there is to say.
    @Test(arguments: [
        ["--help"], ["--version"], ["plan", "show", "plan.yaml"], ["data", "stats", "--shards", "a.tar"],
    ])
    func whatCannotBePrintedIsAnError(_ arguments: [String]) throws {
        let image = try PNGEncoder.encode(PixelImage(width: 2, height: 2, channels: 1, pixels: [1, 2, 3, 4]))
        try shard([("a.png", image)])
        try """
        run: run
        data: {train: {shards: a.tar}}
        model: {image: {size: 2, channels: 1, patch: 1, width: 32, depth: 1, heads: 1}}
        stages: [{mae: {epochs: 1}}]
        """.write(toFile: folder + "/plan.yaml", atomically: true, encoding: .utf8)
        for isFull in [false, true] {
            let program = Program("maws", arguments)
            program.process.currentDirectoryURL = URL(fileURLWithPath: folder)
            if isFull { program.process.standardOutput = FileHandle(forWritingAtPath: "/dev/full") }
            #expect(try program.run() == (isFull ? 1 : 0), "\(program.output)")
            let sentence = "Error: cannot write to standard output: No space left on device. What is there of it is"
            #expect(program.output.contains(sentence) == isFull, "\(program.output)")
        }
    }

    private func shard(_ members: [(name: String, bytes: [UInt8])]) throws {
        let writer = try TarWriter(path: folder + "/a.tar")
        for member in members { try writer.append(name: member.name, member.bytes) }
        try writer.finish()
    }
}
