/// A part of a state that has checksums of its own.
package enum StateArea: Int, CaseIterable {
    case bank0 = 0
    case bank1 = 1
    case firstMoments = 2
    case secondMoments = 3
    case frozen = 4

    package static func bank(_ number: Int) -> StateArea { number == 0 ? .bank0 : .bank1 }
}

/// A chunk of a shard's slice of a block, and where its numbers lie. It has a checksum in every area that it is in.
package struct StateChunk: Hashable {
    package let block: Int
    /// Elements of the block.
    package let range: Range<Int>
    /// Among the frozen chunks, or among the trained ones.
    package let number: Int
    package let isTrained: Bool
    /// Bytes of the frozen area, or of a bank.
    package let weights: Range<Int>
    /// Bytes of either moment's area: scales, where moments have some, and codes.
    package let scales: Range<Int>
    package let codes: Range<Int>
}
