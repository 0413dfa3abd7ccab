import MawsTensor
import MawsTraining

/// Copies of gradients on their way to the shards: memory that is used again, because fresh pages cost as much as the
/// copy. Any number of threads.
package final class StagingBuffers: Sendable {
    private struct State {
        /// Oldest first.
        var idle: [FloatBuffer] = []
        /// Elements of idle buffers and of those in use.
        var held = 0
    }

    private let state = Monitor(State())

    package init() {}

    /// `count` floats with any content. Idle buffers of other sizes go where all would be more than may be under way.
    func take(_ count: Int) -> FloatBuffer {
        let found: FloatBuffer? = state.with { state in
            if let index = state.idle.lastIndex(where: { $0.count == count }) { return state.idle.remove(at: index) }
            while !state.idle.isEmpty && 4 * (state.held + count) > MemoryChoice.pushBytesMax {
                state.held -= state.idle.removeFirst().count
            }
            state.held += count
            return nil
        }
        return found ?? FloatBuffer(count: count)
    }

    func give(_ buffer: FloatBuffer) { state.with { $0.idle.append(buffer) } }

    /// The buffer was lost with its connection.
    func lose(_ buffer: FloatBuffer) { state.with { $0.held -= buffer.count } }
}
