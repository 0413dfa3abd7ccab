internal import CSentencePiece
import MawsDataFiles

/// SentencePiece pieces numbered as XLM-R numbers them: `<s>` 0, `<pad>` 1, `</s>` 2, `<unk>` 3, then the pieces.
///
/// Source: XLMRobertaTokenizer of transformers; piece *i* of the model is token *i + 1* for *i* >= 3. `@unchecked`
/// because SentencePiece's encoder is const and documented as thread-safe.
package final class Tokenizer: @unchecked Sendable {
    package static let begin: Int32 = 0
    package static let padding: Int32 = 1
    package static let end: Int32 = 2
    package static let unknown: Int32 = 3

    /// Length of every encoded text.
    package let context: Int
    /// Pieces of the model + 2 (`<pad>` and the `<mask>` that XLM-R keeps last).
    package let vocabularySize: Int
    private let model: OpaquePointer

    /// - Parameters:
    ///   - path: a SentencePiece `.model` whose pieces begin with `<unk>`, `<s>`, `</s>`, as spm_train makes them.
    ///   - context: at least 2.
    package init(model path: String, context: Int) throws {
        guard context >= 2 else {
            throw DataError.tokenizer(path: path, problem: "cannot fill a context of \(context); it needs at least 2")
        }
        _ = try InputFile(path: path)
        var message = [CChar](repeating: 0, count: 512)
        guard let model = maws_sentencepiece_load(path, &message, message.count) else {
            throw DataError.tokenizer(path: path, problem: "is no SentencePiece model; 'maws data tokenizer' makes one")
        }
        self.model = model
        self.context = context
        vocabularySize = Int(maws_sentencepiece_size(model)) + 2
        // From here on the deinit frees the model, even when the check fails.
        guard maws_sentencepiece_has_standard_ids(model) != 0 else {
            throw DataError.tokenizer(
                path: path, problem: "must number <unk>, <s> and </s> as 0, 1 and 2, as spm_train does by default")
        }
    }

    deinit { maws_sentencepiece_free(model) }

    /// `<s>` pieces `</s>` of the sanitised text, cut to `context` ids and filled up with `<pad>`.
    package func encode(_ text: String) -> [Int32] {
        let pieces = pieces(CaptionText.sanitized(text), limit: context - 2)
        let padding = [Int32](repeating: Self.padding, count: context - 2 - pieces.count)
        return [Self.begin] + pieces.map { $0 >= 3 ? $0 + 1 : Self.unknown } + [Self.end] + padding
    }

    /// Tokens of the sanitised text with `<s>` and `</s>`, however many they are: `encode` cuts those above `context`.
    package func tokenCount(_ text: String) -> Int {
        var ids: [Int32] = []
        return fill(&ids, with: CaptionText.sanitized(text)) + 2
    }

    /// Whether `encode` cuts the text.
    package func cuts(_ text: String) -> Bool { tokenCount(text) > context }

    /// The first `limit` piece ids, in SentencePiece's own numbering.
    private func pieces(_ text: String, limit: Int) -> [Int32] {
        var ids = [Int32](repeating: 0, count: limit)
        let count = fill(&ids, with: text)
        return Array(ids.prefix(count))
    }

    /// Fills as many ids as there is room for.
    /// - Returns: how many pieces the text has.
    private func fill(_ ids: inout [Int32], with text: String) -> Int {
        let limit = Int32(ids.count)
        let bytes = Array(text.utf8)
        let count = bytes.withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) {
                maws_sentencepiece_encode(model, $0.baseAddress, bytes.count, &ids, limit)
            }
        }
        precondition(count >= 0, "SentencePiece refused valid UTF-8")
        return Int(count)
    }

    /// SentencePiece's message without the place in its sources, `Internal: trainer.cc(12) [condition] `.
    package static func text(_ message: [CChar]) -> String {
        let text = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.replacing(/^[A-Za-z ]+: \S*\.(cc|h)\(\d+\) (\[.*\] ?)?/, with: "")
    }
}
