import MawsTensor

/// Bytes of a transformer stack's activations, by the same shapes as `BlockActivations` and `BlockGradients`.
public struct TransformerMemory: Sendable {
    private let shape: TransformerShape
    private let depth: Int
    private let order: NormOrder
    private let operandBytes: Int

    /// Pre-norm blocks of an image tower or of MAE's decoder over `tokens` tokens a sequence.
    public static func image(
        sequences: Int, tokens: Int, width: Int, heads: Int, mlp: Int, depth: Int, operands: ElementType
    ) -> TransformerMemory {
        TransformerMemory(
            TransformerShape(batch: sequences, tokens: tokens, queries: tokens, width: width, heads: heads, mlp: mlp),
            depth, .before, operands)
    }

    /// Post-norm blocks of a text tower.
    public static func text(
        sequences: Int, tokens: Int, width: Int, heads: Int, mlp: Int, depth: Int, operands: ElementType
    ) -> TransformerMemory {
        TransformerMemory(
            TransformerShape(batch: sequences, tokens: tokens, queries: tokens, width: width, heads: heads, mlp: mlp),
            depth, .after, operands)
    }

    private init(_ shape: TransformerShape, _ depth: Int, _ order: NormOrder, _ operands: ElementType) {
        (self.shape, self.depth, self.order, operandBytes) = (shape, depth, order, operands.byteCount)
    }

    /// What a forward pass leaves, until the backward pass is over.
    public func kept(_ keeps: Keeping) -> Int {
        switch keeps {
        case .nothing: 0
        case .inputs: depth * stream(shape.rows)
        case .everything: depth * (stream(shape.rows) + activations(rows: shape.rows))
        }
    }

    /// On top of that while a block goes backward: the stream's two gradients, the block's operands, and its
    /// activations where they are computed again.
    public func backward(_ keeps: Keeping) -> Int {
        let (rows, width, mlp) = (shape.rows, shape.width, shape.mlp)
        let operands = rows * operandBytes * (6 * width + 2 * mlp)
        return 2 * stream(rows) + operands + (keeps == .inputs ? activations(rows: rows) : 0)
    }

    /// Of each thread, while it computes a group of sequences.
    public func lane(_ keeps: Keeping) -> Int {
        let rows = shape.groups.map(\.count).max().map { $0 * shape.tokens } ?? 0
        let scratch = rows * (4 * 4 * shape.width + operandBytes * (2 * shape.width + shape.mlp))
        return scratch + (keeps == .everything ? 0 : activations(rows: rows))
    }

    private func stream(_ rows: Int) -> Int { rows * shape.width * 4 }

    /// qkv, attention and hidden in operands; the residual sums, statistics and softmax sums in fp32.
    private func activations(rows: Int) -> Int {
        let (width, mlp) = (shape.width, shape.mlp)
        let floats = width + 4 + shape.heads + (order == .after ? width : 0)
        let operands = 4 * width + mlp + (order == .after && operandBytes < 4 ? width : 0)
        return rows * (4 * floats + operandBytes * operands)
    }
}
