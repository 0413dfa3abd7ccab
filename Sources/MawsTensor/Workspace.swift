/// Scratch memory of one computation, taken from the front and given back as a whole.
///
/// It grows to what the largest unit needs and is then reused, so that a step allocates nothing. Not thread-safe: one
/// objective owns one workspace.
public final class Workspace {
    private var slabs: [FloatBuffer] = []
    private var current = 0
    private var used = 0
    /// Elements of a slab, unless one request is larger: 4 MiB.
    private static let slabLength = 1 << 20
    /// Slices start at cache lines.
    private static let alignment = 16

    public init() {}

    /// A place to which `release` gives memory back.
    public struct Mark {
        fileprivate let slab: Int
        fileprivate let used: Int
    }

    public var mark: Mark { Mark(slab: current, used: used) }

    /// Everything taken since `mark` is free again.
    public func release(to mark: Mark) {
        current = mark.slab
        used = mark.used
    }

    public func releaseAll() {
        current = 0
        used = 0
    }

    /// `count` elements with any content, 64-byte aligned, valid until released.
    public func take(_ count: Int) -> FloatSlice {
        while current < slabs.count {
            if used + count <= slabs[current].count { return bump(count) }
            current += 1
            used = 0
        }
        slabs.append(FloatBuffer(count: max(count, Self.slabLength)))
        return bump(count)
    }

    /// `count` zeros.
    public func takeZeros(_ count: Int) -> FloatSlice {
        let slice = take(count)
        slice.zero()
        return slice
    }

    /// Bytes held.
    public var byteCount: Int { slabs.reduce(0) { $0 + $1.count * MemoryLayout<Float>.stride } }

    private func bump(_ count: Int) -> FloatSlice {
        let slice = FloatSlice(slabs[current], offset: used, count: count)
        used = min(slabs[current].count, (used + count + Self.alignment - 1) / Self.alignment * Self.alignment)
        return slice
    }
}
