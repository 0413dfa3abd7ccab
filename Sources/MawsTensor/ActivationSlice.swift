/// Activations as the matrix products of a backend take them: a range of a buffer, in fp32 or bfloat16.
package struct ActivationSlice: @unchecked Sendable {
    package let element: ElementType
    package let count: Int
    private let buffer: FloatBuffer
    private let byteOffset: Int

    /// All of `memory` as fp32.
    package init(_ memory: FloatSlice) {
        (element, count) = (.float32, memory.count)
        (buffer, byteOffset) = (memory.buffer, memory.offset * ElementType.float32.byteCount)
    }

    /// `count` elements in `memory`, which has at least `floatCount(count, element)` floats.
    package init(_ memory: FloatSlice, count: Int, _ element: ElementType) {
        precondition(memory.count >= Self.floatCount(count, element), "activations larger than their memory")
        (self.element, self.count) = (element, count)
        (buffer, byteOffset) = (memory.buffer, memory.offset * ElementType.float32.byteCount)
    }

    private init(part start: Int, count: Int, of whole: ActivationSlice) {
        precondition(start >= 0 && count >= 0 && start + count <= whole.count, "part outside its activations")
        (element, self.count, buffer) = (whole.element, count, whole.buffer)
        byteOffset = whole.byteOffset + start * whole.element.byteCount
    }

    /// Floats that hold `count` elements.
    package static func floatCount(_ count: Int, _ element: ElementType) -> Int {
        (count * element.byteCount + 3) / 4
    }

    /// `count` elements from element `start` on.
    package func part(_ start: Int, _ count: Int) -> ActivationSlice {
        ActivationSlice(part: start, count: count, of: self)
    }

    /// From element `start` to the end.
    package func from(_ start: Int) -> ActivationSlice { part(start, count - start) }

    /// For kernels only; the caller keeps the slice alive while it uses the pointer.
    package var pointer: UnsafeMutableRawPointer { UnsafeMutableRawPointer(buffer.pointer) + byteOffset }

    /// The same memory as fp32, nil where it holds bfloat16.
    package var floats: FloatSlice? {
        element == .float32 ? FloatSlice(buffer, offset: byteOffset / 4, count: count) : nil
    }

    package var array: [Float] {
        if let floats { return floats.array }
        let elements = UnsafeRawBufferPointer(start: pointer, count: count * 2).bindMemory(to: UInt16.self)
        return elements.map { Float(bitPattern: UInt32($0) << 16) }
    }
}

extension Workspace {
    /// `count` activations with any content, valid until released.
    package func take(_ count: Int, _ element: ElementType) -> ActivationSlice {
        ActivationSlice(take(ActivationSlice.floatCount(count, element)), count: count, element)
    }
}
