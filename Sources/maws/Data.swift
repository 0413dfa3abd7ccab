import ArgumentParser
import Foundation
import MawsBase
import MawsData
import MawsDataTools
import MawsPlan
import MawsProcess
import MawsReport

/// `maws data`: makes, checks and describes data.
struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Pack images into shards, train a tokenizer, check and describe shards.",
        subcommands: [
            DataPack.self, DataSplit.self, DataIndex.self, DataLabels.self, DataDedupe.self, DataTokenizer.self,
            DataStats.self, DataVerify.self,
        ])
}

/// `--shards`, brace patterns expanded.
struct ShardArguments: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Shards: tar files, http(s):// addresses, pipe: commands, or patterns such as "
                + "data/train-{0000..0011}.tar or 'data/train-*.tar'; or folder:PATH or list:FILE.", valueName: "file"))
    var shards: [String]

    func paths() throws -> [String] { try Self.expand(shards) }

    static func expand(_ patterns: [String]) throws -> [String] {
        var paths: [String] = []
        for pattern in patterns {
            do throws(ShardPattern.Fault) {
                paths += try ShardPattern.expand(pattern, root: ".")
            } catch {
                throw CleanFailure("--shards '\(pattern)': \(sentence(error)).")
            }
        }
        return paths
    }

    private static func sentence(_ fault: ShardPattern.Fault) -> String {
        switch fault {
        case .braces: "expected a range such as {0000..0011}"
        case .nothingFits: "no file fits this pattern"
        case .folder(let name, let shards):
            "\(name) is a folder; " + ShardPattern.advice(folder: name, shards: shards, images: "folder:\(name)")
        case .unread(let problem): "it \(problem)"
        case .list(let name): "\(name) is a list of images; write list:\(name)"
        case .missing(let name, let count, let there):
            "there is no file \(name); \(ShardPattern.advice(count: count, there: there))"
        }
    }
}

struct DataStats: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Describe shards: samples, classes, hashtags, image sizes, mean and std.")

    @OptionGroup var arguments: ShardArguments
    @Option(help: ArgumentHelp("Count the captions' tokens by this SentencePiece model.", valueName: "file"))
    var tokenizer: String?
    @Option(parsing: .unconditional, help: "Tokens of a caption that the plan's text model reads, for --tokenizer.")
    var context = 102

    func validate() throws { try DataTokenizer.check(context: context) }

    func run() throws {
        let tokenizer = try tokenizer.map { try Tokenizer(model: $0, context: context) }
        let survey = try ShardSurvey(shards: arguments.paths(), tokenizer: tokenizer)
        guard survey.problems.count < survey.sampleCount else {
            Console.say(SampleTable.draw(survey.account))
            throw CleanFailure(
                "None of the \(survey.sampleCount) samples can be read, so that there is nothing to describe. "
                    + "The first: \(survey.problems.first.map { "\($0)" } ?? "none").")
        }
        Console.say(
            "samples      \(survey.sampleCount), \(survey.captionCount) with a caption, "
                + "\(survey.problems.count) unreadable")
        if tokenizer != nil { Console.say("tokens       \(survey.captionLengths.sentence(context: context))") }
        Console.say("image sizes  \(Self.listed(Self.byCount(survey.imageSizes)))")
        Console.say("mean         \(Self.listed(survey.mean))")
        Console.say("std          \(Self.listed(survey.std))")
        Console.say("classes      \(Self.classes(survey.classCounts))")
        let histogram = survey.hashtagHistogram.sorted { $0.key < $1.key }
        Console.say("hashtags     \(Self.listed(histogram)) (a sample: samples)")
        Console.say("most used    \(Self.listed(Self.byCount(survey.hashtagCounts)))")
        Console.say("fingerprint  \(survey.fingerprint)")
        for note in survey.notes { Console.say(note) }
        Console.say("\n" + SampleTable.draw(survey.account))
    }

    /// The most frequent first.
    private static func byCount(_ counts: [String: Int]) -> [(key: String, value: Int)] {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    }

    /// - Parameter counts: samples of each class by its number, -1 where it is unknown.
    private static func classes(_ counts: [Int: Int]) -> String {
        let known = counts.filter { $0.key >= 0 }.sorted { $0.key < $1.key }
        let without = counts[-1].map { "\($0) without a class" } ?? ""
        return known.isEmpty ? without : listed(known) + (without.isEmpty ? "" : "; \(without)")
    }

    /// The first twelve as `key: count`.
    private static func listed<Key>(_ counts: [(key: Key, value: Int)]) -> String {
        let first = counts.prefix(12).map { "\($0.key): \($0.value)" }.joined(separator: ", ")
        return counts.count > 12 ? "\(first), … (\(counts.count) in all)" : first
    }

    private static func listed(_ values: [Double]) -> String {
        values.map { String(format: "%.4f", $0) }.joined(separator: ", ")
    }
}

struct DataVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Read and decode every sample; name those that are unreadable.")

    @OptionGroup var arguments: ShardArguments

    func run() throws {
        let survey = try ShardSurvey(shards: arguments.paths())
        for problem in survey.problems { Console.say("\(problem)") }
        Console.say(SampleTable.draw(survey.account))
        guard survey.problems.isEmpty else {
            throw CleanFailure("\(survey.problems.count) of \(survey.sampleCount) samples are unreadable.")
        }
        Console.say("\(survey.sampleCount) samples, all readable. Fingerprint \(survey.fingerprint)")
    }
}

/// A sentence to end with.
struct CleanFailure: Error, CustomStringConvertible {
    let description: String

    /// Without what may be secret in addresses.
    init(_ description: String) { self.description = Secrets.hidden(in: description) }
}
