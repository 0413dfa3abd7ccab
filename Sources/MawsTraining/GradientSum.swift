import MawsKernels
import MawsModel
import MawsSum
import MawsTensor

/// The gradients of a unit's parts, each added to the sum of those before it where it is computed, or, where it is
/// mostly zero, when it is pushed. Each block goes with the last part. It holds one gradient of all trainable blocks.
package final class GradientSum {
    private let backend: ComputeBackend
    private var blocks: [Int: SpreadSum] = [:]

    package init(backend: ComputeBackend) { self.backend = backend }

    /// Where the `index`th of `count` parts pushes its gradients; the last one's go on to `gradients`.
    package func part(_ index: Int, of count: Int, to gradients: any GradientSink) -> any GradientSink {
        if count == 1 { return gradients }
        return Part(sum: self, isFirst: index == 0, target: index == count - 1 ? gradients : nil)
    }

    /// The sum so far, zero before the first part.
    private func block(_ index: Int, count: Int, isFirst: Bool) -> SpreadSum {
        let block = blocks[index] ?? SpreadSum(count: count, threads: backend)
        blocks[index] = block
        if isFirst { block.clear() }
        return block
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

        func memory(for block: Int, count: Int) -> FloatBuffer? {
            sum.block(block, count: count, isFirst: isFirst).whole()
        }

        func push(_ block: Int, _ gradient: FloatBuffer) throws {
            let own = sum.blocks[block]
            guard gradient !== own?.values else {
                try target?.push(block, gradient)
                return
            }
            let whole = sum.block(block, count: gradient.count, isFirst: isFirst)
            whole.add(gradient)
            try target?.push(block, whole.values)
        }

        func push(_ block: Int, _ gradient: SparseGradient) throws {
            let block = (index: block, sum: sum.block(block, count: gradient.count, isFirst: isFirst))
            block.sum.add(gradient)
            try target?.push(block.index, block.sum.sparse)
        }
    }
}
