import MawsTensor

/// The gradient of a block that is zero outside of some pieces: of an embedding table, of which a unit reads few rows.
package struct SparseGradient {
    /// A range of the block's elements with their gradient.
    package struct Piece {
        package let range: Range<Int>
        /// [range.count]
        package let values: FloatSlice

        package init(start: Int, values: FloatSlice) {
            (range, self.values) = (start..<start + values.count, values)
        }

        /// The part in `range`; nil where there is none.
        package func clamped(to range: Range<Int>) -> Piece? {
            let part = self.range.clamped(to: range)
            if part.isEmpty { return nil }
            return Piece(
                start: part.lowerBound, values: values.part(part.lowerBound - self.range.lowerBound, part.count))
        }
    }

    /// Elements of the block.
    package let count: Int
    /// Ascending, without overlaps.
    package let pieces: [Piece]

    package init(count: Int, pieces: [Piece]) {
        precondition(zip(pieces, pieces.dropFirst()).allSatisfy { $0.range.upperBound <= $1.range.lowerBound })
        precondition(pieces.last.map { $0.range.upperBound <= count } ?? true, "a piece outside of its block")
        (self.count, self.pieces) = (count, pieces)
    }

    /// Elements in pieces.
    package var valueCount: Int { pieces.reduce(0) { $0 + $1.values.count } }

    var runs: Runs { Runs(pieces.map(\.range)) }

    /// The pieces in `range`, whose numbers begin with 0 there.
    package func slice(_ range: Range<Int>) -> SparseGradient {
        SparseGradient(
            count: range.count,
            pieces: pieces.compactMap { piece in
                piece.clamped(to: range).map { Piece(start: $0.range.lowerBound - range.lowerBound, values: $0.values) }
            })
    }

    /// Every element.
    package func dense() -> FloatBuffer {
        let buffer = FloatBuffer(count: count)
        for piece in pieces { buffer.slice(piece.range).copy(from: piece.values) }
        return buffer
    }
}

extension SparseGradient {
    /// left + right with the bits of whole gradients: where only one has a piece, the other's zero is added, which
    /// makes a negative zero a positive one. This is the one place where gradients with gaps are added, at trainers and
    /// servers.
    /// - Parameter target: where the sum of a part of the pieces' union goes, [part.count]; asked for each part in
    ///   ascending order. It may be where the part lies on the left.
    static func add(
        _ left: SparseGradient, _ right: SparseGradient, into target: (Range<Int>) -> UnsafeMutablePointer<Float>
    ) {
        precondition(left.count == right.count)
        left.runs.forEachPart(with: right.runs) { part, own, other in
            let sum = target(part)
            switch (own.map { left.pieces[$0].values(of: part) }, other.map { right.pieces[$0].values(of: part) }) {
            case (let left?, let right?): for index in 0..<part.count { sum[index] = left[index] + right[index] }
            case (let one?, nil), (nil, let one?): for index in 0..<part.count { sum[index] = one[index] + 0 }
            case (nil, nil): break
            }
        }
    }
}

extension SparseGradient.Piece {
    /// The part's values, [part.count].
    fileprivate func values(of part: Range<Int>) -> UnsafePointer<Float> {
        UnsafePointer(values.pointer + part.lowerBound - range.lowerBound)
    }
}
