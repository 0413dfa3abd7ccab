import MawsBase
import MawsKernels
import MawsTensor

/// Memory for the gradients of one block at a time. Blocks of the same size share a buffer, because a sink is done
/// with a gradient when `push` returns.
package final class GradientBuffers {
    private let backend: ComputeBackend
    private var buffers: [FloatBuffer] = []

    package init(backend: ComputeBackend) { self.backend = backend }

    /// Where a block's gradient is added to: the sink's memory, or a buffer of exactly `count` zeros, valid until the
    /// next call with the same count.
    package func take(_ block: Int, count: Int, for sink: any GradientSink) -> FloatBuffer {
        sink.memory(for: block, count: count) ?? zeros(count)
    }

    /// The same for a block of a table; nil where it is frozen: nothing is added up for it.
    func takeIfTrained(_ block: Int, of table: BlockTable, for sink: any GradientSink) -> FloatBuffer? {
        table.blocks[block].isTrainable ? take(block, count: table.blocks[block].count, for: sink) : nil
    }

    private func zeros(_ count: Int) -> FloatBuffer {
        if let buffer = buffers.first(where: { $0.count == count }) {
            backend.zero(buffer.all)
            return buffer
        }
        let buffer = FloatBuffer(count: count)
        buffers.append(buffer)
        return buffer
    }
}
