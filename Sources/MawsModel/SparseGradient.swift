import MawsTensor

/// The gradient of a block that is zero outside of some pieces: of an embedding table, of which a unit reads few rows.
public struct SparseGradient {
    /// A range of the block's elements with their gradient.
    public struct Piece {
        public let range: Range<Int>
        public let values: FloatSlice

        public init(start: Int, values: FloatSlice) {
            (range, self.values) = (start..<start + values.count, values)
        }

        /// The part in `range`; nil where there is none.
        public func clamped(to range: Range<Int>) -> Piece? {
            let part = self.range.clamped(to: range)
            if part.isEmpty { return nil }
            return Piece(
                start: part.lowerBound, values: values.part(part.lowerBound - self.range.lowerBound, part.count))
        }
    }

    /// Elements of the block.
    public let count: Int
    /// Ascending, without overlaps.
    public let pieces: [Piece]

    public init(count: Int, pieces: [Piece]) {
        precondition(zip(pieces, pieces.dropFirst()).allSatisfy { $0.range.upperBound <= $1.range.lowerBound })
        precondition(pieces.last.map { $0.range.upperBound <= count } ?? true, "a piece outside of its block")
        (self.count, self.pieces) = (count, pieces)
    }

    /// Elements in pieces.
    public var valueCount: Int { pieces.reduce(0) { $0 + $1.values.count } }

    /// The pieces in `range`, whose numbers begin with 0 there.
    public func slice(_ range: Range<Int>) -> SparseGradient {
        SparseGradient(
            count: range.count,
            pieces: pieces.compactMap { piece in
                piece.clamped(to: range).map { Piece(start: $0.range.lowerBound - range.lowerBound, values: $0.values) }
            })
    }

    /// Every element.
    public func dense() -> FloatBuffer {
        let buffer = FloatBuffer(count: count)
        for piece in pieces { buffer.slice(piece.range).copy(from: piece.values) }
        return buffer
    }
}
