import ArgumentParser
import Foundation
import MawsData
import MawsDataFiles
import MawsDataTools
import MawsPlan
import MawsProcess
import MawsReport

struct DataLabels: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "labels", abstract: "Make a vocabulary of labels from hashtags, as nouns of WordNet.",
        discussion: "Hashtags in any spelling, in singular or plural, become the most frequent sense of their noun; "
            + "compounds that are no noun become the nouns they are made of. Synonyms are one label. Needs Debian's "
            + "wordnet-base. The plan's `vocabulary` takes the file that is written.")

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Shards: tar files, or patterns such as data/train-{0000..0011}.tar.", valueName: "file"))
    var shards: [String] = []
    @Option(help: ArgumentHelp("In place of shards: a CSV, TSV or JSONL list, as for pack list.", valueName: "file"))
    var list: String?
    @Option(help: ArgumentHelp("The vocabulary file to write; without it, nothing is.", valueName: "file"))
    var output: String?
    @Option(help: ArgumentHelp("A page with the frequency curve and everything dropped.", valueName: "file"))
    var page: String?
    @Option(parsing: .unconditional, help: "Labels with fewer samples are dropped.") var minCount = 1
    @Option(help: ArgumentHelp("Hashtags that are no labels, one a line, with their synonyms.", valueName: "file"))
    var drop: String?
    @Option(help: ArgumentHelp("WordNet's dict folder.", valueName: "folder")) var wordnet = WordNet.debianFolder
    @Flag(help: "Take only hashtags that are one noun as a whole.") var wholeOnly = false
    @Flag(help: "Replace a vocabulary of other content that is there.") var force = false
    @Flag(help: "Leave bad rows out and name them, rather than stop at the first one.") var skipBad = false

    func validate() throws {
        guard shards.isEmpty != (list == nil) else { throw ValidationError("Give either --shards or --list.") }
        guard minCount > 0 else { throw ValidationError("--min-count must be at least 1.") }
    }

    func run() throws {
        let reads = ReadFiles(
            shards: try ShardArguments.expand(shards) + (list.map { ["list:\($0)"] } ?? []), others: [drop])
        for path in [output, page].compactMap(\.self) { try reads.refuse(writing: path) }
        if let output { try NewFile.refuseFolder(output) }
        if let page { try NewFile.checkPage(page) }
        let wordNet = try WordNet(folder: wordnet)
        let dropped = try drop.map { try SplitFiles.hashtags(path: $0) } ?? []
        let mapper = HashtagMapper(wordNet, dropped: dropped, splitsCompounds: !wholeOnly)
        var survey = LabelSurvey(wordNet, mapper: mapper)
        let bar = ProgressBar("counting hashtags", write: Console.drawProgress)
        defer { bar.finish() }
        var account = SampleAccount()
        try source().forEachSample(
            progress: bar.show,
            problem: { problem in
                account.leaveOut(problem)
                bar.finish()
                Console.tell("left out: \(problem)")
            }, ignored: { account.merge($0) },
            { tags in
                let hasNoun = survey.add(tags)
                account.take()
                if tags.isEmpty {
                    account.add(.incomplete, SampleAccount.noHashtags)
                } else if !hasNoun {
                    account.add(.incomplete, "with hashtags that are no nouns", example: tags.joined(separator: " "))
                }
            })
        bar.finish()
        let report = try survey.report(sampleCountMin: minCount)
        Console.say(LabelTable.draw(report))
        Console.say("\n" + SampleTable.draw(account))
        try write(report)
    }

    private func source() throws -> HashtagSource {
        if let list { return .list(list, skipsBadRows: skipBad) }
        return .shards(try ShardArguments.expand(shards), skipsBadRows: skipBad)
    }

    private func write(_ report: LabelReport) throws {
        if let output {
            try report.writeVocabulary(to: output, isForced: force)
            Console.say("\n\(output): \(report.labels.count) labels.")
        }
        if let page {
            try LabelPage.write(report, title: list ?? shards.joined(separator: " "), to: page)
            Console.say("\(page): the frequency curve and everything dropped.")
        }
    }
}
