/// SentencePiece pieces numbered as XLM-R numbers them: `<s>` 0, `<pad>` 1, `</s>` 2, `<unk>` 3, then the pieces.
public final class Tokenizer: Sendable {
    public static let begin: Int32 = 0
    public static let padding: Int32 = 1
    public static let end: Int32 = 2
    public static let unknown: Int32 = 3

    /// Length of every encoded text.
    public let context: Int
    /// Pieces of the model + 2 (`<pad>` and the `<mask>` that XLM-R keeps last).
    public let vocabularySize: Int

    public init(model path: String, context: Int) throws { fatalError("filled by the next commit") }

    /// `<s>` pieces `</s>`, cut to `context` ids and filled up with `<pad>`.
    public func encode(_ text: String) -> [Int32] { fatalError("filled by the next commit") }
}
