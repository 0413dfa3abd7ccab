import ArgumentParser
import Foundation
import MawsData
import MawsDataFiles
import MawsDataTools
import MawsPlan
import MawsProcess
import MawsReport

struct DataTokenizer: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenizer", abstract: "Train a SentencePiece model on the captions of shards.")

    @OptionGroup var arguments: ShardArguments
    @Option(parsing: .unconditional, help: "Most pieces of the vocabulary; few captions give fewer.") var size = 1000
    @Option(help: ArgumentHelp("The .model file to write.", valueName: "file")) var output: String
    @Option(
        parsing: .unconditional,
        help: "Tokens of a caption that the plan's text model reads; how many captions it cuts is said.")
    var context = 102
    @Flag(help: "Train again even when the file is there.") var force = false

    func validate() throws { try Self.check(context: context) }

    static func check(context: Int) throws {
        guard context >= 2 else {
            throw ValidationError("--context \(context): expected at least 2, for the beginning and the end of a text.")
        }
    }

    func run() throws {
        try NewFile.refuseFolder(output)
        try ReadFiles(shards: arguments.paths()).refuse(writing: output)
        if !force, FileManager.default.fileExists(atPath: output) { return try sayWhatIsThere() }
        let trainer = try TokenizerTrainer(output: output)
        var account = try learn(trainer)
        account.add(
            .incomplete, "whose sign ▅, which SentencePiece keeps for itself, is learned as a blank",
            count: trainer.reservedCount)
        Console.say(SampleTable.draw(account))
        let result = try trainer.train(size: size)
        Console.say("\(output): \(result.tokenCount) tokens from \(trainer.captionCount) captions.")
        if result.pieceCount < size {
            Console.say(
                "\(size) pieces were asked for, but the captions have no more than \(result.pieceCount); a plan "
                    + "without `vocabulary` takes the number of the file.")
        }
        Console.say("tokens of a caption, both ends counted: \(result.lengths.sentence(context: context)).")
    }

    private func sayWhatIsThere() throws {
        guard let pieces = try? Tokenizer(model: output, context: 2).vocabularySize else {
            throw CleanFailure(
                "\(output) is already there and is no SentencePiece model; take another name, or --force, which "
                    + "replaces it.")
        }
        Console.say("\(output) is already there (\(pieces) tokens), unchanged; --force trains it again.")
    }

    /// Gives the trainer every caption. Returns what became of the samples, after naming those that cannot be read.
    private func learn(_ trainer: TokenizerTrainer) throws -> SampleAccount {
        let split = DataSplitPlan(
            name: "captions", shards: try arguments.paths(), vocabulary: nil, tokenizer: nil, skipLimit: 1)
        let dataset = try Dataset(split, root: "")
        var problems = dataset.problems
        var account = dataset.account
        for index in 0..<dataset.count {
            do {
                guard let caption = try dataset.caption(index) else {
                    account.add(.leftOut, SampleAccount.noCaption)
                    continue
                }
                if try trainer.add(caption) {
                    account.take()
                } else {
                    account.add(.leftOut, "with an empty caption", example: "sample \(index)")
                }
            } catch DataError.sample(let sample) {
                problems.append(sample)
                account.leaveOut(sample)
            }
        }
        for problem in problems { Console.tell("left out: \(problem)") }
        return account
    }
}
