import ArgumentParser
import Foundation
import MawsData
import MawsPlan
import MawsReport

struct DataTokenizer: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenizer", abstract: "Train a SentencePiece model on the captions of shards.")

    @OptionGroup var arguments: ShardArguments
    @Option(help: "Most pieces of the vocabulary; few captions give fewer.") var size = 1000
    @Option(help: ArgumentHelp("The .model file to write.", valueName: "file")) var output: String
    @Flag(help: "Train again even when the file is there.") var force = false

    func run() throws {
        if !force, FileManager.default.fileExists(atPath: output) {
            let pieces = try Tokenizer(model: output, context: 2).vocabularySize
            print("\(output) is already there (\(pieces) tokens), unchanged.")
            return
        }
        let split = DataSplitPlan(
            name: "captions", shards: try arguments.paths(), vocabulary: nil, tokenizer: nil, skipLimit: 1)
        let dataset = try Dataset(split, root: "")
        let trainer = try TokenizerTrainer(output: output)
        var problems = dataset.problems
        var account = dataset.account
        for index in 0..<dataset.count {
            do {
                if let caption = try dataset.caption(index) {
                    try trainer.add(caption)
                    account.take()
                } else {
                    account.add(.leftOut, SampleAccount.noCaption)
                }
            } catch DataError.sample(let sample) {
                problems.append(sample)
                account.leaveOut(sample)
            }
        }
        for problem in problems { FileHandle.standardError.write(Data("left out: \(problem)\n".utf8)) }
        try trainer.train(size: size)
        let tokens = try Tokenizer(model: output, context: 2).vocabularySize
        print("\(output): \(tokens) tokens from \(trainer.captionCount) captions.")
        print(SampleTable.draw(account))
    }
}
