import MawsKernels
import MawsSum
import MawsTensor

/// Gives the weights of one block of the version being computed. A trainer's gather stands behind it.
package protocol WeightSource: AnyObject {
    /// The whole block's weights, `table.blocks[block].count` floats; waits until they are here. Valid until `release`.
    func gather(_ block: Int) throws -> BlockWeights
    /// The caller is done with the block for now; the source may free it, or keep it for the next unit.
    func release(_ block: Int)
}

/// Takes the gradient of one block, in backward order, each trainable block exactly once a unit.
package protocol GradientSink: AnyObject {
    /// Memory of the sink's that holds what the block's gradient is to be added to and pushed in; nil where it is to
    /// come in memory of the caller's.
    func memory(for block: Int, count: Int) -> FloatBuffer?
    /// - Parameter gradient: `table.blocks[block].count` floats. The sink is done with the memory when the call
    ///   returns.
    func push(_ block: Int, _ gradient: FloatBuffer) throws
    /// The same for a gradient that is mostly zero. Unless a sink knows better it is made whole.
    func push(_ block: Int, _ gradient: SparseGradient) throws
}

extension GradientSink {
    package func memory(for block: Int, count: Int) -> FloatBuffer? { nil }

    package func push(_ block: Int, _ gradient: SparseGradient) throws { try push(block, gradient.dense()) }
}
