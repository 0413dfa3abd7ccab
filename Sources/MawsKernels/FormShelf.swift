import MawsTensor

/// Memory for the prepared forms of the blocks that are in use, where forms do not stay with every block: they are made
/// again each time a block is used, and take the memory of one block. One caller at a time.
public final class FormShelf {
    private var free: [FloatBuffer] = []

    public init() {}

    func take(_ floats: Int) -> FloatBuffer {
        guard let index = free.firstIndex(where: { $0.count == floats }) else { return FloatBuffer(count: floats) }
        return free.remove(at: index)
    }

    func give(_ memory: FloatBuffer) { free.append(memory) }
}
