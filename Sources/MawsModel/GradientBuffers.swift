import MawsTensor

/// Memory for the gradients of one block at a time. Blocks of the same size share a buffer, because a sink is done
/// with a gradient when `push` returns.
public final class GradientBuffers {
    private var buffers: [FloatBuffer] = []

    public init() {}

    /// A buffer of exactly `count` zeros, valid until the next call with the same count.
    public func zeros(_ count: Int) -> FloatBuffer {
        if let buffer = buffers.first(where: { $0.count == count }) {
            buffer.zero()
            return buffer
        }
        let buffer = FloatBuffer(count: count)
        buffers.append(buffer)
        return buffer
    }
}
