internal import CSentencePiece
import Foundation

/// Trains a SentencePiece unigram model (Kudo, "Subword regularization", ACL 2018) on captions.
///
/// The same captions in the same order give the same bytes: the number of training threads is fixed, whatever the
/// machine has, because each thread's expected counts are summed apart.
public final class TokenizerTrainer {
    private let captions: OutputFile
    private let captionsPath: String
    private let output: String
    public private(set) var captionCount = 0

    /// - Parameter output: path of the `.model` file; captions are kept beside it until training ends.
    public init(output: String) throws {
        self.output = output
        captionsPath = output + ".captions"
        try OutputFolder.make(OutputFolder.parent(of: output))
        captions = try OutputFile(path: captionsPath)
    }

    deinit { unlink(captionsPath) }

    /// Adds one caption; empty ones are left out.
    public func add(_ caption: String) throws {
        let text = CaptionText.sanitized(caption)
        guard !text.isEmpty else { return }
        try captions.write(Array((text + "\n").utf8))
        captionCount += 1
    }

    /// Trains and writes the model, complete or not at all.
    /// - Parameter size: most pieces of the model; few captions give fewer.
    public func train(size: Int) throws {
        guard captionCount > 0 else {
            throw DataError.tokenizer(path: output, problem: "cannot be trained: the shards hold no captions")
        }
        _ = try captions.finish()
        var message = [CChar](repeating: 0, count: 512)
        let partial = output + ".training"
        defer { unlink(partial) }
        guard maws_sentencepiece_train(captionsPath, partial, Int32(clamping: size), &message, message.count) == 0
        else {
            throw DataError.tokenizer(path: output, problem: "cannot be trained (\(Tokenizer.text(message)))")
        }
        try OutputFile.write(InputFile.contents(partial, limit: 1 << 28), to: output)
    }
}
