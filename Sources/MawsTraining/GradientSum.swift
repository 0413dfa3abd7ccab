import MawsKernels
import MawsModel
import MawsTensor

/// The gradients of a unit's parts, each added to the sum of those before it where it is computed, or, where it is
/// mostly zero, when it is pushed. Each block goes with the last part. It holds one gradient of all trainable blocks.
public final class GradientSum {
    private struct Block {
        let sum: FloatBuffer
        /// Where the sum is not zero.
        var pieces: [Range<Int>] = []
    }

    private let backend: ComputeBackend
    private var blocks: [Int: Block] = [:]

    public init(backend: ComputeBackend) { self.backend = backend }

    /// Where the `index`th of `count` parts pushes its gradients; the last one's go on to `gradients`.
    public func part(_ index: Int, of count: Int, to gradients: any GradientSink) -> any GradientSink {
        if count == 1 { return gradients }
        return Part(sum: self, isFirst: index == 0, target: index == count - 1 ? gradients : nil)
    }

    /// The sum so far, zero before the first part.
    private func block(_ index: Int, count: Int, isFirst: Bool) -> Block {
        var block = blocks[index] ?? Block(sum: FloatBuffer(count: count))
        if isFirst {
            for range in block.pieces { backend.zero(block.sum.slice(range)) }
            block.pieces = []
        }
        return block
    }

    /// The memory of a block whose gradient has values everywhere.
    private func whole(_ index: Int, count: Int, isFirst: Bool) -> FloatBuffer {
        var block = block(index, count: count, isFirst: isFirst)
        block.pieces = [0..<count]
        blocks[index] = block
        return block.sum
    }

    private func add(_ index: Int, count: Int, _ pieces: [SparseGradient.Piece], isFirst: Bool) -> Block {
        var block = block(index, count: count, isFirst: isFirst)
        for piece in pieces {
            let slice = block.sum.slice(piece.range)
            backend.add(slice, slice, piece.values)
        }
        block.pieces = Self.union(block.pieces + pieces.map(\.range))
        blocks[index] = block
        return block
    }

    /// Ascending, without overlaps.
    private static func union(_ ranges: [Range<Int>]) -> [Range<Int>] {
        var union: [Range<Int>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = union.last, range.lowerBound <= last.upperBound {
                union[union.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                union.append(range)
            }
        }
        return union
    }

    private final class Part: GradientSink {
        private let sum: GradientSum
        private let isFirst: Bool
        private let target: (any GradientSink)?

        init(sum: GradientSum, isFirst: Bool, target: (any GradientSink)?) {
            self.sum = sum
            self.isFirst = isFirst
            self.target = target
        }

        func memory(for block: Int, count: Int) -> FloatBuffer? { sum.whole(block, count: count, isFirst: isFirst) }

        func push(_ block: Int, _ gradient: FloatBuffer) throws {
            precondition(gradient === sum.blocks[block]?.sum, "a gradient that was not added to the sum's memory")
            try target?.push(block, gradient)
        }

        func push(_ block: Int, _ gradient: SparseGradient) throws {
            let whole = sum.add(block, count: gradient.count, gradient.pieces, isFirst: isFirst)
            let pieces = whole.pieces.map { SparseGradient.Piece(start: $0.lowerBound, values: whole.sum.slice($0)) }
            try target?.push(block, SparseGradient(count: gradient.count, pieces: pieces))
        }
    }
}
