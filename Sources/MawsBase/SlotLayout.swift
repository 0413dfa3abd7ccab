/// Where the encoded elements of one slot of a block lie: in a server's state, in a payload and in a checkpoint.
///
/// A slice of the block is encoded as the scales of its groups (8 bits only, fp32 each), then a code for each element.
/// A group ends at every multiple of 256 elements of the block and where a parameter ends. So groups never cross from
/// one parameter to another, nor from one shard to another, whose cuts are multiples of 4,096. Zero bytes are zeros
/// in every encoding.
package struct SlotLayout: Hashable, Sendable {
    /// Elements of a group, as in bitsandbytes' blockwise optimizers.
    package static let groupLength = 256

    package let encoding: SlotEncoding
    private let entries: [Range<Int>]

    package init(_ block: ParameterBlock, _ encoding: SlotEncoding) {
        self.encoding = encoding
        entries = encoding.hasScales ? block.entries.map(\.range) : []
    }

    /// Groups that begin before this element of the block.
    package func groupCount(before element: Int) -> Int {
        var count = 0
        for entry in entries where entry.lowerBound < element && !entry.isEmpty {
            let last = min(entry.upperBound, element) - 1
            count += last / Self.groupLength - entry.lowerBound / Self.groupLength + 1
        }
        return count
    }

    /// Groups in a range that begins and ends where groups do.
    package func groupCount(_ range: Range<Int>) -> Int {
        range.isEmpty ? 0 : groupCount(before: range.upperBound) - groupCount(before: range.lowerBound)
    }

    /// Bytes of a slice that begins and ends where groups do.
    package func byteCount(_ slice: Range<Int>) -> Int { 4 * groupCount(slice) + encoding.codeWidth * slice.count }

    /// The bytes of a part's scales in its slice's encoding.
    package func scaleBytes(of part: Range<Int>, in slice: Range<Int>) -> Range<Int> {
        let start = 4 * groupCount(slice.lowerBound..<part.lowerBound)
        return start..<start + 4 * groupCount(part)
    }

    /// The bytes of a part's codes in its slice's encoding.
    package func codeBytes(of part: Range<Int>, in slice: Range<Int>) -> Range<Int> {
        let start = 4 * groupCount(slice) + encoding.codeWidth * (part.lowerBound - slice.lowerBound)
        return start..<start + encoding.codeWidth * part.count
    }
}
