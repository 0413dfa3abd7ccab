import MawsKernels
import MawsTensor

/// Sizes of a transformer's activations: `batch` sequences of `tokens` tokens, of which the first `queries` of each
/// sequence are computed to the end.
struct TransformerShape: Hashable {
    var batch: Int
    var tokens: Int
    var queries: Int
    var width: Int
    var heads: Int
    var mlp: Int
    /// Each sequence is a group of its own: what comes out of it does not depend on the others.
    var isIsolated = false

    var rows: Int { batch * tokens }
    var outputRows: Int { batch * queries }

    var attention: AttentionShape {
        AttentionShape(batch: batch, tokens: tokens, heads: heads, headWidth: width / heads, queries: queries)
    }

    func with(batch: Int) -> TransformerShape {
        var shape = self
        shape.batch = batch
        return shape
    }

    /// Rows of the first `queries` tokens of each sequence.
    var queryRows: [Int] {
        (0..<batch).flatMap { sequence in (0..<queries).map { sequence * tokens + $0 } }
    }

    /// Rows (tokens) of a group at most, unless one sequence has more: few enough that threads end a block at nearly
    /// the same time, and many beside the rows of a product's tile.
    private static let groupRows = 256

    /// Sequences that go through a block together, on one thread, so that what they leave behind stays in its cache.
    /// A power of two of nearly equal groups, for an even load on any usual number of threads; a function of the shape
    /// alone, because it is part of what a unit's gradient is.
    var groups: [Range<Int>] {
        if isIsolated { return (0..<batch).map { $0..<$0 + 1 } }
        var count = 1
        while count * Self.groupRows < rows { count *= 2 }
        count = min(count, batch)
        return (0..<count).map { $0 * batch / count..<($0 + 1) * batch / count }
    }
}

extension FloatSlice {
    /// The part of some of `batch` sequences that share the slice equally.
    package func sequences(_ range: Range<Int>, of batch: Int) -> FloatSlice {
        let each = count / batch
        return part(range.lowerBound * each, range.count * each)
    }
}

extension ActivationSlice {
    /// The part of some of `batch` sequences that share the slice equally.
    func sequences(_ range: Range<Int>, of batch: Int) -> ActivationSlice {
        let each = count / batch
        return part(range.lowerBound * each, range.count * each)
    }
}
