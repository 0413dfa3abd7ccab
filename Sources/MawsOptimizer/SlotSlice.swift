import MawsBase

/// One slot of a slice of a block, in its encoded form.
package struct SlotSlice: @unchecked Sendable {
    package let rule: SlotRule
    package let layout: SlotLayout
    /// Elements of the block.
    package let slice: Range<Int>
    private let memory: UnsafeMutableRawPointer

    /// - Parameters:
    ///   - slice: elements of the block; it begins and ends where groups do.
    ///   - memory: the layout's `byteCount(slice)` bytes.
    package init(_ slot: WeightSlot, of block: ParameterBlock, slice: Range<Int>, memory: UnsafeMutableRawPointer) {
        rule = slot.rule
        layout = SlotLayout(block, slot.encoding)
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
