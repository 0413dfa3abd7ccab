/// Scratch memory of one computation, taken from the front and given back as a whole.
///
/// It grows to what the largest unit needs and is then reused, so that a step allocates nothing. It is one range of
/// addresses, so that no request leaves a gap behind. Not thread-safe: one objective owns one workspace.
package final class Workspace {
    /// 64 GiB of addresses; memory is behind those only that were taken once.
    private let buffer = FloatBuffer(reserving: 1 << 34)
    private var used = 0
    private var most = 0
    /// Slices start at cache lines.
    private static let alignment = 16

    package init() {}

    /// A place to which `release` gives memory back.
    package struct Mark {
        fileprivate let used: Int
    }

    package var mark: Mark { Mark(used: used) }

    /// Everything taken since `mark` is free again.
    package func release(to mark: Mark) { used = mark.used }

    package func releaseAll() { used = 0 }

    /// `count` elements with any content, 64-byte aligned, valid until released.
    package func take(_ count: Int) -> FloatSlice {
        buffer.commit(used + count)
        let slice = FloatSlice(buffer, offset: used, count: count)
        used = (used + count + Self.alignment - 1) / Self.alignment * Self.alignment
        most = max(most, used)
        return slice
    }

    /// `count` zeros.
    package func takeZeros(_ count: Int) -> FloatSlice {
        let slice = take(count)
        slice.zero()
        return slice
    }

    /// Bytes that were in use at once.
    package var byteCount: Int { most * MemoryLayout<Float>.stride }
}
