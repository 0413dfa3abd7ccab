import ArgumentParser
import Foundation
import MawsData
import MawsDataTools
import MawsProcess
import MawsReport

struct DataPack: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pack", abstract: "Pack images into WebDataset tar shards.",
        subcommands: [PackFashion.self, PackFolderCommand.self, PackList.self])
}

/// Options that every packing command has.
struct PackOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Folder for the shards.", valueName: "folder")) var output: String
    @Option(parsing: .unconditional, help: ArgumentHelp("Samples in a shard.", valueName: "count")) var shardSize = 5000
    @Flag(help: "Pack again even when a complete pack is there, and replace shards of another source.") var force =
        false

    func target(prefix: String) -> PackTarget {
        PackTarget(output: output, prefix: prefix, shardSize: shardSize, isForced: force)
    }

    /// Packs rows under a progress bar.
    func pack(_ packer: RowPacker) throws {
        let bar = ProgressBar("packing", write: Console.drawProgress)
        defer { bar.finish() }
        let result = try packer.pack(progress: bar.show)
        bar.finish()
        report(result)
    }

    func report(_ result: PackResult) {
        for problem in result.problems { Console.tell("left out: \(problem)") }
        for warning in result.warnings { Console.tell("warning: \(warning).") }
        for note in result.notes { Console.say(note) }
        let shards = result.manifest.files.filter { $0.samples > 0 }
        let verb = result.wasThere ? "already there, unchanged" : "written"
        Console.say(
            "\(result.manifest.sampleCount) samples in \(shards.count) shards in \(output): \(verb)."
                + (result.problems.isEmpty ? "" : " \(result.problems.count) rows were left out."))
        Console.say(SampleTable.draw(result.account))
        for file in result.manifest.files where file.name.hasSuffix("-classes.txt") { report(classes: file.name) }
    }

    private func report(classes file: String) {
        guard let names = try? SplitFiles.lines(output + "/" + file).map(String.init) else { return }
        let list = names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
        Console.say("classes      \(names.count), in \(file): \(list)")
    }
}

struct PackFashion: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fashion-mnist", abstract: "Pack Fashion-MNIST with made-up social captions and hashtags.",
        discussion: "A quarter of the images are described as a wrong class; see the README for the whole rule.")

    @Option(help: ArgumentHelp("Folder of the four IDX files.", valueName: "folder"))
    var source = "/usr/share/datasets/fashion-mnist"
    @Option(parsing: .unconditional, help: "Seed of the captions and hashtags.") var seed: UInt64 = 7
    @Option(help: "Beginning of the shards' names.") var prefix = "fashion"
    @OptionGroup var options: PackOptions

    func run() throws {
        options.report(
            try FashionPacker(source: source, target: options.target(prefix: prefix), seed: seed).pack())
    }
}

struct PackFolderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "folder", abstract: "Pack the JPEG, PNG and WebP files below a folder.",
        discussion: "Beside photo.jpg, photo.txt is its caption and photo.json its hashtags, an array of strings or "
            + "an object with the field hashtags. Where it says nothing of hashtags, the caption does.")

    @Argument(help: "The folder of images.") var folder: String
    @Option(help: "Beginning of the shards' names.") var prefix: String
    @Flag(
        inversion: .prefixedNo,
        help: "The first folder on the way to an image is its class; without either, where there are such folders.")
    var classFolders: Bool?
    @Flag(help: "Leave bad rows out and name them, rather than stop at the first one.") var skipBad = false
    @OptionGroup var options: PackOptions

    func run() throws {
        try options.pack(
            RowPacker.folder(
                folder, classFolders: classFolders, target: options.target(prefix: prefix), skipsBadRows: skipBad))
    }
}

struct PackList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Pack the images that a CSV or JSONL list names.",
        discussion: "Columns or fields: image (a path relative to the list), caption, hashtags, class, or what usual "
            + "tools call them; it says which it reads. Without hashtags the #hashtags of the caption count.")

    @Argument(help: "The list, FILE.csv, FILE.tsv or FILE.jsonl.") var file: String
    @Option(help: "Beginning of the shards' names.") var prefix: String
    @Flag(help: "Leave bad rows out and name them, rather than stop at the first one.") var skipBad = false
    @OptionGroup var options: PackOptions

    func run() throws {
        try options.pack(
            RowPacker.list(file, target: options.target(prefix: prefix), skipsBadRows: skipBad))
    }
}
