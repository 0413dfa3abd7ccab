import MawsTensor

/// Memory for the packed weights of the blocks that are in use, where they do not stay with every block: they are
/// packed again each time a block is used, and take the memory of one block. One caller at a time.
package final class PackedWeightPool {
    private var free: [FloatBuffer] = []

    package init() {}

    func take(_ floats: Int) -> FloatBuffer {
        guard let index = free.firstIndex(where: { $0.count == floats }) else { return FloatBuffer(count: floats) }
        return free.remove(at: index)
    }

    func give(_ memory: FloatBuffer) { free.append(memory) }
}
