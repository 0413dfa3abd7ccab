import ArgumentParser
import Foundation
import MawsBase
import MawsData
import MawsDataTools
import MawsProcess
import MawsReport

struct DataIndex: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index", abstract: "Write the index of each shard: where its samples lie, and their checksums.",
        discussion:
            "A run opens an indexed shard without scanning it, and notices when it changes. The index lies beside "
            + "a local shard, as SHARD.maws-index: put both on the server. That of a shard elsewhere goes into the "
            + "cache."
    )

    @OptionGroup var arguments: ShardArguments

    func run() throws {
        var account = SampleAccount()
        var sampleCount = 0
        let bar = ProgressBar("indexing", write: Console.drawProgress)
        let paths = try arguments.paths()
        for (number, path) in paths.enumerated() {
            let result = try ShardIndexer.index(path, root: "") {
                bar.show((Double(number) + $0) / Double(paths.count))
            }
            bar.finish()
            for problem in result.problems { Console.tell("skipped: \(problem)") }
            account.merge(result.account)
            sampleCount += result.sampleCount
            Console.say("\(Secrets.hidden(in: result.path)): \(result.sampleCount) samples, \(result.byteCount) bytes.")
        }
        Console.say(SampleTable.draw(account))
        if sampleCount == 0 {
            throw CleanFailure(
                "There is no sample in \(paths.count == 1 ? "this shard" : "these shards"): no run can read any.")
        }
    }
}

struct DataSplit: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "split", abstract: "Split shards into two sets of shards, for training and for testing.",
        discussion: "Each sample's side depends on the seed and its number alone.")

    @OptionGroup var arguments: ShardArguments
    @Option(parsing: .unconditional, help: "Share of the samples for the test set.") var test: Double
    @Option(parsing: .unconditional, help: "Seed of the choice.") var seed: UInt64 = 7
    @Option(help: "Beginning of the shards' names, followed by -train and -test.") var prefix: String
    @Flag(help: "Leave unreadable samples out and name them, rather than stop at the first one.") var skipBad = false
    @OptionGroup var options: PackOptions

    func validate() throws {
        guard test > 0, test < 1 else { throw ValidationError("--test \(test): expected a share between 0 and 1.") }
    }

    func run() throws {
        options.report(
            try ShardSplitter(
                shards: arguments.paths(), target: options.target(prefix: prefix), names: ("train", "test"),
                share: test, seed: seed, skipsBadSamples: skipBad
            ).split())
    }
}
