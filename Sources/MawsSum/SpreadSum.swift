import MawsTensor

/// A sum of gradients of one block in memory for all of its elements, which is used again and again, and knows where it
/// may differ from zero. A trainer's.
package final class SpreadSum {
    /// [elements of the block]
    package let values: FloatBuffer
    /// Where it may not be zero.
    private var runs = Runs([])
    private let threads: any SpreadMemoryThreads

    /// Zero everywhere.
    package init(count: Int, threads: any SpreadMemoryThreads) {
        values = FloatBuffer(count: count)
        self.threads = threads
    }

    package var isWhole: Bool { runs == Runs([0..<values.count]) }

    package var sparse: SparseGradient {
        let pieces = runs.ranges.map { SparseGradient.Piece(start: $0.lowerBound, values: values.slice($0)) }
        return SparseGradient(count: values.count, pieces: pieces)
    }

    package func clear() {
        for range in runs.ranges { threads.zero(values.slice(range)) }
        runs = Runs([])
    }

    /// The memory, for somebody who adds to any of it.
    package func whole() -> FloatBuffer {
        runs = Runs([0..<values.count])
        return values
    }

    package func set(_ gradient: FloatBuffer) { threads.copy(whole().all, gradient.all) }

    package func set(_ gradient: SparseGradient) {
        clear()
        for piece in gradient.pieces { values.slice(piece.range).copy(from: piece.values) }
        runs = gradient.runs
    }

    package func add(_ gradient: FloatBuffer) { threads.add(gradient, into: whole()) }

    package func add(_ gradient: SparseGradient) {
        let union = runs.union(gradient.runs)
        SparseGradient.add(sparse, gradient) { values.pointer + $0.lowerBound }
        runs = union
    }

    package func add(_ other: SpreadSum) {
        if isWhole && other.isWhole { add(other.values) } else { add(other.sparse) }
    }
}
