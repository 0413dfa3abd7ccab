import MawsBase

/// One slot of a slice of a block, in its encoded form.
public struct SlotSlice: @unchecked Sendable {
    public let layout: MomentLayout
    /// Elements of the block.
    public let slice: Range<Int>
    private let memory: UnsafeMutableRawPointer

    /// - Parameters:
    ///   - slice: begins and ends where groups do; `memory` has `layout.byteCount(slice)` bytes.
    public init(_ layout: MomentLayout, slice: Range<Int>, memory: UnsafeMutableRawPointer) {
        self.layout = layout
        self.slice = slice
        self.memory = memory
    }

    /// Where a part's codes begin, which are of this type in the slot's encoding.
    func codes<Code>(of part: Range<Int>, as type: Code.Type) -> UnsafeMutablePointer<Code> {
        precondition(MemoryLayout<Code>.size == layout.encoding.codeWidth)
        let offset = layout.codeBytes(of: part, in: slice).lowerBound
        return (memory + offset).assumingMemoryBound(to: type)
    }

    /// Where the scales of a part's groups begin.
    func scales(of part: Range<Int>) -> UnsafeMutablePointer<Float> {
        (memory + layout.scaleBytes(of: part, in: slice).lowerBound).assumingMemoryBound(to: Float.self)
    }
}
