import Synchronization

/// 64-byte aligned memory for `count` Floats, zeroed when made.
///
/// The one owner of tensor memory. Access is not synchronised: whoever holds the buffer decides who writes.
public final class FloatBuffer: @unchecked Sendable {
    public let count: Int
    public let pointer: UnsafeMutablePointer<Float>
    private static let allocations = Atomic<Int>(0)
    private static let liveFloats = Atomic<Int>(0)

    /// Buffers made by this process so far: a computation that has settled makes no more.
    public static var allocationCount: Int { allocations.load(ordering: .relaxed) }
    /// Bytes of all buffers that are there.
    public static var liveByteCount: Int { liveFloats.load(ordering: .relaxed) * MemoryLayout<Float>.stride }

    public init(count: Int) {
        precondition(count >= 0)
        Self.allocations.wrappingAdd(1, ordering: .relaxed)
        Self.liveFloats.wrappingAdd(count, ordering: .relaxed)
        self.count = count
        let raw = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: 64)
        pointer = raw.bindMemory(to: Float.self, capacity: max(count, 1))
        pointer.initialize(repeating: 0, count: max(count, 1))
    }

    public convenience init(_ values: [Float]) {
        self.init(count: values.count)
        values.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { pointer.update(from: base, count: values.count) }
        }
    }

    deinit {
        Self.liveFloats.wrappingSubtract(count, ordering: .relaxed)
        UnsafeMutableRawPointer(pointer).deallocate()
    }

    public subscript(index: Int) -> Float {
        get {
            precondition(index >= 0 && index < count)
            return pointer[index]
        }
        set {
            precondition(index >= 0 && index < count)
            pointer[index] = newValue
        }
    }

    public var array: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

    public func zero() { pointer.update(repeating: 0, count: count) }

    /// The raw bytes, for transport.
    public var bytes: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: pointer, count: count * MemoryLayout<Float>.stride)
    }

    /// The bytes of a range of elements, for transport.
    public func bytes(of range: Range<Int>) -> UnsafeMutableRawBufferPointer {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return UnsafeMutableRawBufferPointer(
            start: pointer + range.lowerBound, count: range.count * MemoryLayout<Float>.stride)
    }
}
