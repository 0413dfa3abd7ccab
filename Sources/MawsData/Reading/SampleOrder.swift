import MawsBase

/// The order in which a training stage visits the samples of its split: a pure function of (seed, stage, slot).
///
/// Slots run on across epochs: slot s is position s mod N of epoch s / N, and every epoch is its own permutation of all
/// N samples. The permutation is an eight-round Feistel network over the smallest even number of bits that holds N,
/// walked along its cycle until it lands below N (Black and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA
/// 2002), so that it takes no memory however large N is.
public struct SampleOrder: Sendable {
    public let count: Int
    private let seed: UInt64
    private let stageIndex: UInt32
    private let halfBits: UInt64

    /// - Parameter count: samples in the split, above 0.
    public init(seed: UInt64, stageIndex: UInt32, count: Int) {
        precondition(count > 0)
        self.seed = seed
        self.stageIndex = stageIndex
        self.count = count
        let bits = UInt64(Int.bitWidth - (count - 1).leadingZeroBitCount)
        halfBits = max(1, (bits + 1) / 2)
    }

    /// Index of the sample at this slot.
    public func index(slot: UInt64) -> Int {
        let (epoch, position) = slot.quotientAndRemainder(dividingBy: UInt64(count))
        let keys = roundKeys(epoch)
        var value = position
        repeat { value = permuted(value, keys) } while value >= UInt64(count)
        return Int(value)
    }

    private func roundKeys(_ epoch: UInt64) -> SIMD8<UInt64> {
        var random = CounterRandom(seed: seed, purpose: .order, stage: stageIndex, step: epoch, element: 0)
        var keys = SIMD8<UInt64>()
        for round in 0..<8 { keys[round] = random.nextUInt64() }
        return keys
    }

    private func permuted(_ value: UInt64, _ keys: SIMD8<UInt64>) -> UInt64 {
        let mask = (1 as UInt64) << halfBits - 1
        var left = value >> halfBits
        var right = value & mask
        for round in 0..<8 {
            (left, right) = (right, left ^ (CounterRandom.mix(keys[round] ^ right) & mask))
        }
        return left << halfBits | right
    }
}
