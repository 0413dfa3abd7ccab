/// Captions as the text tower takes them: cut to the longest of the batch, with positions and true lengths.
///
/// Columns that hold padding in every caption are dropped; they reach no output, and the cut depends on the batch
/// alone.
package struct TextBatch: Sendable {
    /// `<pad>` in XLM-R's numbering.
    package static let padding: Int32 = 1
    /// Position of the first token; lower rows of the position table belong to padding, as in transformers.
    package static let firstPosition = 2

    package let count: Int
    /// Columns kept.
    package let tokens: Int
    /// Token ids, and rows of the position table, [count, tokens].
    package let identifiers: [Int]
    package let positions: [Int]
    /// Leading tokens of each caption that are not padding.
    package let validTokens: [Int]

    /// - Parameter tokens: ids [captions, context]; padding only after the last token of a caption.
    package init(tokens: [Int32], context: Int) {
        precondition(context > 0 && tokens.count % context == 0, "token ids are not whole captions")
        count = tokens.count / context
        let lengths = (0..<count).map { caption in
            let ids = tokens[caption * context..<(caption + 1) * context]
            return ids.firstIndex(of: Self.padding).map { $0 - caption * context } ?? context
        }
        let columns = max(lengths.max() ?? 0, 1)
        self.tokens = columns
        validTokens = lengths.map { max($0, 1) }
        identifiers = (0..<count * columns).map { Int(tokens[$0 / columns * context + $0 % columns]) }
        positions = (0..<count * columns).map { index in
            let column = index % columns
            return column < lengths[index / columns] ? column + Self.firstPosition : Int(Self.padding)
        }
    }

    package var rows: Int { count * tokens }
    /// Row of each caption's `<s>`.
    package var beginRows: [Int] { (0..<count).map { $0 * tokens } }
}
