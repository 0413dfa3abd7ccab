import MawsTensor

/// Where one head of one sequence lies in attention's inputs and outputs, and how its copies in the cache are laid out.
struct HeadLayout {
    /// Queries whose scores are in the cache at once.
    static let queryBlock = 64

    let shape: AttentionShape
    /// Offsets of the head's first element in the inputs, the output and the softmax sums.
    let inputStart: Int
    let outputStart: Int
    let logSumStart: Int
    /// Tokens that may be attended to.
    let valid: Int
    let scale: Float
    /// Strides that the small products may read to the end of: of rows of a head, and of rows of scores.
    let rowWidth: Int
    let scoreWidth: Int

    init(_ shape: AttentionShape, _ piece: Int, _ validTokens: [Int]?) {
        let (sequence, head) = piece.quotientAndRemainder(dividingBy: shape.heads)
        self.shape = shape
        inputStart = sequence * shape.tokens * shape.rowStride + head * shape.headWidth
        outputStart = sequence * shape.queries * shape.width + head * shape.headWidth
        logSumStart = piece * shape.queries
        valid = validTokens?[sequence] ?? shape.tokens
        scale = 1 / Float(shape.headWidth).squareRoot()
        rowWidth = Self.pad(shape.headWidth)
        scoreWidth = Self.pad(valid)
    }

    /// Rounded up to what the small matrix products may read.
    private static func pad(_ count: Int) -> Int { (count + 15) / 16 * 16 }

    func forEachBlock(_ body: (_ first: Int, _ count: Int) -> Void) {
        for first in stride(from: 0, to: shape.queries, by: Self.queryBlock) {
            body(first, min(Self.queryBlock, shape.queries - first))
        }
    }

    /// Zeros the gradient of the tokens from `first` on: of those that nobody may attend to, or that did not ask.
    func clear(_ gradient: ActivationSlice, from first: Int) {
        let byteCount = gradient.element.byteCount
        for row in first..<shape.tokens {
            let start = gradient.pointer + (inputStart + row * shape.rowStride) * byteCount
            start.initializeMemory(as: UInt8.self, repeating: 0, count: shape.headWidth * byteCount)
        }
    }
}
