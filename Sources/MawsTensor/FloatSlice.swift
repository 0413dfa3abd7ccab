import MawsBase

/// A range of a `FloatBuffer`: what kernels read and write. It keeps the buffer alive. Access to an element is a call
/// from another module, all of which take 0.4 % of a step; loops over many elements are in C, or go by `array`.
package struct FloatSlice: @unchecked Sendable {
    package let buffer: FloatBuffer
    /// First element, in elements of the buffer.
    package let offset: Int
    package let count: Int

    package init(_ buffer: FloatBuffer, offset: Int, count: Int) {
        precondition(offset >= 0 && count >= 0 && offset + count <= buffer.count, "slice outside its buffer")
        self.buffer = buffer
        self.offset = offset
        self.count = count
    }

    /// For kernels only; the caller keeps the slice alive while it uses the pointer.
    package var pointer: UnsafeMutablePointer<Float> { buffer.pointer + offset }

    /// `count` elements from the slice's element `start` on.
    package func part(_ start: Int, _ count: Int) -> FloatSlice {
        precondition(start >= 0 && count >= 0 && start + count <= self.count, "part outside its slice")
        return FloatSlice(buffer, offset: offset + start, count: count)
    }

    /// The slice from its element `start` to its end.
    package func from(_ start: Int) -> FloatSlice { part(start, count - start) }

    package subscript(index: Int) -> Float {
        get {
            precondition(index >= 0 && index < count)
            return pointer[index]
        }
        nonmutating set {
            precondition(index >= 0 && index < count)
            pointer[index] = newValue
        }
    }

    /// The raw bytes, for transport.
    package var bytes: UnsafeMutableRawBufferPointer { buffer.bytes(of: offset..<offset + count) }

    package var array: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

    package func zero() { if buffer.holdsValues { pointer.update(repeating: 0, count: count) } }

    /// Copies all of `source`, which has the same count and does not overlap.
    package func copy(from source: FloatSlice) {
        precondition(source.count == count)
        if buffer.holdsValues { pointer.update(from: source.pointer, count: count) }
    }

    /// Copies all of `source`, which has the same count.
    package func copy(from source: [Float]) {
        precondition(source.count == count)
        source.withUnsafeBufferPointer { values in
            if let base = values.baseAddress { pointer.update(from: base, count: count) }
        }
    }
}

extension FloatBuffer {
    /// The whole buffer.
    package var all: FloatSlice { FloatSlice(self, offset: 0, count: count) }

    package func slice(_ range: Range<Int>) -> FloatSlice {
        FloatSlice(self, offset: range.lowerBound, count: range.count)
    }

    /// The elements of one parameter of the block that this buffer holds.
    package func slice(_ entry: ParameterEntry) -> FloatSlice { slice(entry.range) }
}
