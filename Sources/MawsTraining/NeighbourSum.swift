import MawsKernels
import MawsModel
import MawsSum
import MawsTensor

/// The gradients of 2^n neighbouring units, added before they leave as the servers would add them, so that one gradient
/// travels instead of many: node(level, i) = node(level − 1, 2i) + node(level − 1, 2i + 1), in fp32.
///
/// Units come in order; on each of n levels one sum of all trainable blocks may wait for the units to its right.
package final class NeighbourSum {
    private let backend: ComputeBackend
    /// By level, then by block. Memory stays from node to node.
    private var levels: [[Int: SpreadSum]] = []

    package init(backend: ComputeBackend) { self.backend = backend }

    /// Where the `index`th of `count` units pushes its gradients, `count` being a power of 2; the sum of all goes on to
    /// `gradients` with the last unit.
    package func unit(_ index: Int, of count: Int, to gradients: any GradientSink) -> any GradientSink {
        precondition(count & (count - 1) == 0 && index < count)
        if count == 1 { return gradients }
        // Sums that this unit is the last of.
        let sums = (~index).trailingZeroBitCount
        while levels.count <= sums { levels.append([:]) }
        return Unit(sum: self, sums: sums, target: index == count - 1 ? gradients : nil)
    }

    private func block(_ block: Int, level: Int, count: Int) -> SpreadSum {
        if let sum = levels[level][block] { return sum }
        let sum = SpreadSum(count: count, threads: backend)
        levels[level][block] = sum
        return sum
    }

    /// Adds what waits on higher levels, for as long as this unit completes it.
    private func complete(_ block: Int, sums: Int, count: Int) -> SpreadSum {
        var sum = self.block(block, level: 0, count: count)
        for level in 1..<max(1, sums) {
            let left = self.block(block, level: level, count: count)
            left.add(sum)
            sum = left
        }
        return sum
    }

    /// What was completed on this level waits on the next one.
    private func raise(_ block: Int, from level: Int) {
        let completed = levels[level][block]
        levels[level][block] = levels[level + 1][block]
        levels[level + 1][block] = completed
    }

    private final class Unit: GradientSink {
        private let sum: NeighbourSum
        private let sums: Int
        private let target: (any GradientSink)?

        init(sum: NeighbourSum, sums: Int, target: (any GradientSink)?) {
            (self.sum, self.sums, self.target) = (sum, sums, target)
        }

        func push(_ block: Int, _ gradient: FloatBuffer) throws {
            let lowest = sum.block(block, level: 0, count: gradient.count)
            if sums == 0 { return lowest.set(gradient) }
            lowest.add(gradient)
            try pass(block, count: gradient.count)
        }

        func push(_ block: Int, _ gradient: SparseGradient) throws {
            let lowest = sum.block(block, level: 0, count: gradient.count)
            if sums == 0 { return lowest.set(gradient) }
            lowest.add(gradient)
            try pass(block, count: gradient.count)
        }

        private func pass(_ block: Int, count: Int) throws {
            let completed = sum.complete(block, sums: sums, count: count)
            guard let target else { return sum.raise(block, from: sums - 1) }
            if completed.isWhole {
                try target.push(block, completed.values)
            } else {
                try target.push(block, completed.sparse)
            }
        }
    }
}
