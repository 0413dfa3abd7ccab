import MawsBase

/// A part of a state that has checksums of its own.
package enum StateArea: Hashable {
    /// Weights of one of the two banks, 0 or 1, or the gradient that lies in their place.
    case bank(Int)
    /// Its number among its block's slots.
    case slot(Int)
    case frozen

    /// Its place among a trained chunk's checksums; frozen chunks have one alone.
    package var checkIndex: Int {
        switch self {
        case .bank(let number): number
        case .slot(let number): Self.bankCount + number
        case .frozen: 0
        }
    }

    static let bankCount = 2
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
    /// Its bytes in each slot of its block.
    package let slots: [SlotBytes]

    /// Bytes of the area of slots: scales, where the slot has some, and codes.
    package struct SlotBytes: Hashable {
        package let scales: Range<Int>
        package let codes: Range<Int>
    }
}

/// What a chunk's numbers in an area are meant to be. A checksum is good for that alone: an older copy of a piece of
/// the file, or a piece of another place, is damage however whole its bytes are.
package struct StateHolding: Hashable {
    package enum Content: UInt64 {
        case frozen = 0
        case weights = 1
        case gradient = 2
        case slot = 3
    }

    package let area: StateArea
    package let content: Content
    /// The version; a gradient has the one that it is made from, frozen weights have 0.
    package let version: StepIndex
    /// How many gradients were dropped before this one; 0 where it is no gradient.
    package let dropped: UInt64

    package static let frozen = StateHolding(area: .frozen, content: .frozen, version: StepIndex(0), dropped: 0)

    package static func weights(bank: Int, _ version: StepIndex) -> StateHolding {
        StateHolding(area: .bank(bank), content: .weights, version: version, dropped: 0)
    }

    package static func gradient(bank: Int, _ version: StepIndex, dropped: UInt64) -> StateHolding {
        StateHolding(area: .bank(bank), content: .gradient, version: version, dropped: dropped)
    }

    /// - Parameter number: among the block's slots.
    package static func slot(_ number: Int, _ version: StepIndex) -> StateHolding {
        StateHolding(area: .slot(number), content: .slot, version: version, dropped: 0)
    }

    /// What a checksum of this holding in a chunk of a file differs by from that of its bytes.
    ///
    /// - Parameter nonce: the file's.
    func salt(_ chunk: StateChunk, nonce: UInt64) -> UInt32 {
        let place = UInt64(chunk.number) << 16 | UInt64(area.checkIndex) << 8 | content.rawValue
        return UInt32(
            truncatingIfNeeded: Self.mixed(Self.mixed(Self.mixed(nonce ^ version.value) ^ dropped) ^ place))
    }

    /// One round of SplitMix64 (Steele, Lea and Flood, 2014).
    private static func mixed(_ word: UInt64) -> UInt64 {
        var word = word &+ 0x9E37_79B9_7F4A_7C15
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}
