internal import CSentencePiece
import Foundation
import MawsData
import MawsDataFiles
import MawsFiles

/// Trains a SentencePiece unigram model (Kudo, "Subword regularization", ACL 2018) on captions.
///
/// The same captions in the same order give the same bytes: the number of training threads is fixed, whatever the
/// machine has, because each thread's expected counts are summed apart. SentencePiece drops lines above 4,192 bytes and
/// lines with a sign that it keeps for itself; here a long caption is several lines and the sign a blank, so that every
/// caption counts.
package final class TokenizerTrainer {
    /// Longest line that is given to SentencePiece, in bytes.
    private static let lineSizeMax = 4096
    /// Stands for unknown pieces in SentencePiece's training.
    private static let reserved: Unicode.Scalar = "\u{2585}"
    /// More pieces than any model has; SentencePiece counts in 32 bits.
    private static let sizeMax = 10_000_000
    /// Captions whose tokens are counted when training has ended: enough to tell how long they are.
    private static let measuredMax = 100_000

    /// Nil once this ends.
    private var captions: OutputFile?
    private let captionsPath: String
    private let output: String
    /// Folders that were made for it, the outermost first.
    private let newFolders: [String]
    /// Captions that the model is trained on.
    package private(set) var captionCount = 0
    /// Captions in which `reserved` is read as a blank.
    package private(set) var reservedCount = 0
    private var measured: [String] = []
    /// Every caption whose number this divides is measured.
    private var measuredStep = 1

    /// - Parameter output: path of the `.model` file; captions are kept beside it until training ends.
    package init(output: String) throws {
        self.output = output
        captionsPath = output + ".captions"
        newFolders = try OutputFolder.make(Folder.parent(of: output))
        captions = try OutputFile(path: captionsPath)
    }

    deinit {
        // The file that is being written goes with its last reference, and the folders need to be empty.
        captions = nil
        unlink(captionsPath)
        if access(output, F_OK) != 0 { for folder in newFolders.reversed() { rmdir(folder) } }
    }

    /// Adds one caption.
    /// - Returns: false where nothing can be learned from it, as it is empty or has invisible signs only.
    @discardableResult
    package func add(_ caption: String) throws -> Bool {
        let clean = CaptionText.sanitized(caption)
        let hasReserved = clean.unicodeScalars.contains(Self.reserved)
        let text = hasReserved ? CaptionText.sanitized(clean.replacing(String(Self.reserved), with: " ")) : clean
        guard text.unicodeScalars.contains(where: Self.isVisible) else { return false }
        for line in Self.lines(of: text) { try captions?.write(Array((line + "\n").utf8)) }
        if hasReserved { reservedCount += 1 }
        measure(clean)
        captionCount += 1
        return true
    }

    /// Keeps every n-th caption, n such that there are never more than `measuredMax`.
    private func measure(_ caption: String) {
        guard captionCount % measuredStep == 0 else { return }
        measured.append(caption)
        guard measured.count > Self.measuredMax else { return }
        measuredStep *= 2
        measured = stride(from: 0, to: measured.count, by: 2).map { measured[$0] }
    }

    /// What became of training.
    package struct Result: Sendable {
        /// The model's number of tokens, `Tokenizer.vocabularySize`.
        package var tokenCount: Int
        /// Tokens of the model; fewer than asked for where the captions have no more.
        package var pieceCount: Int
        package var lengths: CaptionLengths
    }

    /// Trains and writes the model, complete or not at all.
    /// - Parameter size: most pieces of the model; few captions give fewer.
    @discardableResult
    package func train(size: Int) throws -> Result {
        guard captionCount > 0 else {
            throw DataError.tokenizer(
                path: output,
                problem: "cannot be trained: the shards hold no caption that something can be learned from")
        }
        guard (1...Self.sizeMax).contains(size) else {
            throw DataError.tokenizer(
                path: output, problem: "cannot have \(size) pieces; name a size from 1 to \(Self.sizeMax)")
        }
        _ = try captions?.finish()
        var message = [CChar](repeating: 0, count: 512)
        let partial = output + ".training"
        defer { unlink(partial) }
        // Below four pieces there is no room for <unk>, <s> and </s>; what four lack is said as well.
        let pieces = Int32(max(4, size))
        guard maws_sentencepiece_train(captionsPath, partial, pieces, &message, message.count) == 0 else {
            throw DataError.tokenizer(path: output, problem: problem(Tokenizer.text(message), size: size))
        }
        try OutputFile.write(InputFile.contents(partial, limit: 1 << 28), to: output)
        let tokenizer = try Tokenizer(model: output, context: 2)
        var lengths = CaptionLengths()
        for caption in measured { lengths.add(tokenizer.tokenCount(caption)) }
        return Result(
            tokenCount: tokenizer.vocabularySize, pieceCount: tokenizer.vocabularySize - 2, lengths: lengths)
    }

    /// SentencePiece's message as a sentence that says what to do.
    private func problem(_ message: String, size: Int) -> String {
        if let numbers = message.firstMatch(of: /required_chars\. [0-9]+ vs (?<least>[0-9]+)/) {
            return "cannot have only \(size) pieces: the captions' characters alone take \(numbers.least); "
                + "name a size from \(numbers.least) on"
        }
        if message == "the model cannot be written" {
            return "cannot be written: its folder takes no file of this size; make room there, or name another folder"
        }
        return "cannot be trained on these \(captionCount) captions: SentencePiece gives up"
            + (message.isEmpty ? "" : " (\(message))") + "; try more captions or another size"
    }

    /// The text in pieces of at most `lineSizeMax` bytes, cut at blanks, or within a word that is longer.
    package static func lines(of text: String) -> [Substring] {
        if text.utf8.count <= lineSizeMax { return [text[...]] }
        var lines: [Substring] = []
        var rest = text[...]
        while rest.utf8.count > lineSizeMax {
            let limit = rounded(rest.utf8.index(rest.startIndex, offsetBy: lineSizeMax), in: rest)
            let end = rest[..<limit].lastIndex(of: " ") ?? limit
            lines.append(rest[..<end])
            rest = rest[end...].drop { $0 == " " }
        }
        return rest.isEmpty ? lines : lines + [rest]
    }

    /// The beginning of a scalar, at `index` or before it.
    private static func rounded(_ index: String.Index, in text: Substring) -> String.Index {
        var index = index
        while text.utf8[index] & 0xC0 == 0x80 { index = text.utf8.index(before: index) }
        return index
    }

    /// Whether SentencePiece's normalisation leaves something of it.
    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        if scalar == "\u{2581}" || scalar.properties.isWhitespace || scalar.properties.isDefaultIgnorableCodePoint {
            return false
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .unassigned, .surrogate: return false
        default: return true
        }
    }
}
