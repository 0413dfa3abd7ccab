import MawsKernels
import MawsModel
import MawsTensor

/// A sum of gradients of one block in memory of its own, which knows where it may differ from zero.
final class BlockSum {
    let values: FloatBuffer
    /// Where it may not be zero; ascending, without overlaps.
    private var ranges: [Range<Int>] = []
    private let backend: ComputeBackend

    /// Zero everywhere.
    init(count: Int, backend: ComputeBackend) {
        values = FloatBuffer(count: count)
        self.backend = backend
    }

    var isWhole: Bool { ranges == [0..<values.count] }

    var sparse: SparseGradient {
        let pieces = ranges.map { SparseGradient.Piece(start: $0.lowerBound, values: values.slice($0)) }
        return SparseGradient(count: values.count, pieces: pieces)
    }

    func clear() {
        for range in ranges { backend.zero(values.slice(range)) }
        ranges = []
    }

    /// The memory, for somebody who adds to any of it.
    func whole() -> FloatBuffer {
        ranges = [0..<values.count]
        return values
    }

    func set(_ gradient: FloatBuffer) { backend.copy(whole().all, gradient.all) }

    func set(_ gradient: SparseGradient) {
        clear()
        for piece in gradient.pieces { values.slice(piece.range).copy(from: piece.values) }
        ranges = gradient.pieces.map(\.range)
    }

    func add(_ gradient: FloatBuffer) { backend.add(whole().all, values.all, gradient.all) }

    /// Zero is added to where only this sum is, as in sums of whole gradients: a negative zero becomes a positive one.
    func add(_ gradient: SparseGradient) {
        if isWhole { return add(gradient.dense()) }
        let added = gradient.pieces.map(\.range)
        for range in ranges.removing(added) {
            for index in range { values[index] += 0 }
        }
        for piece in gradient.pieces {
            let slice = values.slice(piece.range)
            backend.add(slice, slice, piece.values)
        }
        ranges = (ranges + added).united()
    }

    func add(_ other: BlockSum) {
        if isWhole || other.isWhole { add(other.values) } else { add(other.sparse) }
    }
}

extension [Range<Int>] {
    /// Ascending, without overlaps.
    fileprivate func united() -> Self {
        var union: Self = []
        for range in sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = union.last, range.lowerBound <= last.upperBound {
                union[union.count - 1] = last.lowerBound..<Swift.max(last.upperBound, range.upperBound)
            } else {
                union.append(range)
            }
        }
        return union
    }

    /// What of these is in none of the others; both ascend without overlaps.
    fileprivate func removing(_ others: Self) -> Self {
        var rest: Self = []
        var others = others[...]
        for range in self {
            var start = range.lowerBound
            while let other = others.first, other.lowerBound < range.upperBound {
                if other.lowerBound > start { rest.append(start..<other.lowerBound) }
                start = Swift.max(start, other.upperBound)
                if other.upperBound > range.upperBound { break }
                others.removeFirst()
            }
            if start < range.upperBound { rest.append(start..<range.upperBound) }
        }
        return rest
    }
}
