import MawsBase

/// Both moments of a slice of a block, each in its encoded form.
public struct MomentSlice {
    public let layout: MomentLayout
    /// Elements of the block.
    public let slice: Range<Int>
    public let first: UnsafeMutableRawPointer
    public let second: UnsafeMutableRawPointer

    /// - Parameters:
    ///   - slice: begins and ends where groups do; `first` and `second` have `layout.byteCount(slice)` bytes each.
    public init(
        _ layout: MomentLayout, slice: Range<Int>, first: UnsafeMutableRawPointer, second: UnsafeMutableRawPointer
    ) {
        self.layout = layout
        self.slice = slice
        self.first = first
        self.second = second
    }

    /// Where a part's codes and scales begin in both moments.
    func offsets(of part: Range<Int>) -> (codes: Int, scales: Int) {
        (layout.codeBytes(of: part, in: slice).lowerBound, layout.scaleBytes(of: part, in: slice).lowerBound)
    }
}
