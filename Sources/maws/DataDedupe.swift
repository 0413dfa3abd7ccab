import ArgumentParser
import Foundation
import MawsData
import MawsDataFiles
import MawsDataTools
import MawsProcess
import MawsReport

struct DataDedupe: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dedupe", abstract: "Find copies, and training images that look like evaluation images.",
        discussion: """
            Copies are equal image files. What looks alike differs in few bits of a 64-bit perceptual hash, and its \
            small grey version correlates. The list goes into a plan's `exclude`; new shards have every image once, \
            with the labels of all its copies.
            """)

    @OptionGroup var arguments: ShardArguments
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Shards of evaluation images, which must not be in --shards.", valueName: "file"))
    var against: [String] = []
    @Option(
        parsing: .unconditional, help: ArgumentHelp("Bits of the hashes that may differ, 0 to 15.", valueName: "bits"))
    var radius = 4
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Least correlation of their 32 x 32 grey versions.", valueName: "share"))
    var correlation = 0.98
    @Option(help: ArgumentHelp("List of copies and leaks to write.", valueName: "file")) var list: String?
    @Option(help: ArgumentHelp("A page that shows each leak beside its evaluation image.", valueName: "file"))
    var page: String?
    @Option(help: ArgumentHelp("Folder for new shards without them.", valueName: "folder")) var output: String?
    @Option(help: "Beginning of the new shards' names.") var prefix = "unique"
    @Option(parsing: .unconditional, help: ArgumentHelp("Samples in a new shard.", valueName: "count")) var shardSize =
        5000
    @Flag(help: "Replace a list, and shards of another source, that are there.") var force = false
    @Option(
        help: ArgumentHelp(
            "Names of the classes, one a line: new shards have them as hashtags too, several where copies differ.",
            valueName: "file"))
    var classes: String?
    @Option(help: ArgumentHelp("Folder for 24 bytes a sample meanwhile.", valueName: "folder"))
    var temporary = FileManager.default.temporaryDirectory.path

    func run() throws {
        let shards = try arguments.paths()
        let reads = ReadFiles(shards: try shards + ShardArguments.expand(against), others: [classes])
        for path in [list, page].compactMap(\.self) { try reads.refuse(writing: path) }
        if let list, !force { try NewFile.check(list) }
        if let page { try NewFile.checkPage(page) }
        let bar = ProgressBar("comparing images", write: Console.drawProgress)
        defer { bar.finish() }
        let found = try Deduplication(
            shards: shards, evaluation: ShardArguments.expand(against), radius: radius,
            correlation: correlation, temporary: temporary, progress: bar.show)
        bar.finish()
        for problem in found.unreadable { Console.tell("unreadable: \(problem)") }
        guard found.unreadable.count < found.sampleCount else {
            throw CleanFailure(
                "None of the \(found.sampleCount) samples can be read, so that there is nothing to compare.")
        }
        Console.say(DuplicateTable.draw(found))
        if let list { try writeList(found, to: list) }
        if let page {
            try LeakPage(found).write(to: page)
            Console.say("\n\(page): the leaks beside their evaluation images.")
        }
        if let output { try writeShards(found, shards: shards, reads, to: output) }
    }

    private func writeList(_ found: Deduplication, to path: String) throws {
        let count = found.exclusions().count
        let wasThere = FileManager.default.fileExists(atPath: path)
        try found.writeExclusions(to: path)
        let nothing = "There is nothing to exclude; \(path) was \(wasThere ? "removed" : "not written")."
        Console.say(count == 0 ? "\n\(nothing)" : "\n\(path): \(count) samples.")
    }

    private func writeShards(_ found: Deduplication, shards: [String], _ reads: ReadFiles, to output: String) throws {
        let bar = ProgressBar("writing shards", write: Console.drawProgress)
        defer { bar.finish() }
        let names = try classes.map { try SplitFiles.classes(path: $0).map { HashtagText.normalized($0[0]) } } ?? []
        let target = PackTarget(output: output, prefix: prefix, shardSize: shardSize, isForced: force).sparing(reads)
        let result = try UniqueSamples(found, shards: shards, target: target, classHashtags: names)
            .write(progress: bar.show)
        bar.finish()
        let count = result.manifest.files.count { $0.samples > 0 }
        Console.say("\n\(result.manifest.sampleCount) samples in \(count) shards in \(output).")
        for note in result.notes { Console.say(note) }
        Console.say(SampleTable.draw(result.account))
    }
}
