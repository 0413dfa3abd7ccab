import MawsBase
import Synchronization

/// The order in which a training stage visits the samples of its split: a pure function of (seed, stage, slot).
///
/// Slots run on across epochs: slot s is position s mod N of epoch s / N, and every epoch is its own permutation of
/// all N samples. Samples lie in groups of neighbours; an epoch goes through the groups in an order drawn for it, and
/// through the samples of each in an order drawn for both, so that with many small groups only few shards are read at
/// a time. The permutation of a group's samples is an eight-round Feistel network over the smallest even number of
/// bits that holds them, walked along its cycle until it lands inside (Black and Rogaway, "Ciphers with arbitrary
/// finite domains", CT-RSA 2002): it takes no memory however many there are. The order of the groups takes memory for
/// each group.
public final class SampleOrder: Sendable {
    public let count: Int
    private let seed: UInt64
    private let stageIndex: UInt32
    /// First sample of each group, then `count`.
    private let starts: [Int]
    private let newest: Mutex<Epoch?> = Mutex(nil)

    /// The groups of one epoch in order, and the position in the epoch at which each begins, then `count`.
    private struct Epoch {
        var number: UInt64
        var groups: [Int]
        var positions: [Int]
    }

    /// One group.
    /// - Parameter count: samples in the split, above 0.
    public convenience init(seed: UInt64, stageIndex: UInt32, count: Int) {
        self.init(seed: seed, stageIndex: stageIndex, groups: [count])
    }

    /// - Parameter groups: samples of each group; their sum is above 0.
    public init(seed: UInt64, stageIndex: UInt32, groups: [Int]) {
        self.seed = seed
        self.stageIndex = stageIndex
        starts = groups.filter { $0 > 0 }.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
        count = starts[starts.count - 1]
        precondition(count > 0)
    }

    /// Index of the sample at this slot.
    public func index(slot: UInt64) -> Int {
        let (epoch, position) = slot.quotientAndRemainder(dividingBy: UInt64(count))
        guard starts.count > 2 else {
            return permuted(Int(position), among: count, roundKeys(epoch, element: 0))
        }
        let (group, start) = group(at: Int(position), epoch: epoch)
        let size = starts[group + 1] - starts[group]
        return starts[group]
            + permuted(Int(position) - start, among: size, roundKeys(epoch, element: 2 + UInt64(group)))
    }

    /// The group at a position of an epoch, and the position of the group's first sample.
    private func group(at position: Int, epoch: UInt64) -> (group: Int, start: Int) {
        let current = newest.withLock { newest in
            if let newest, newest.number == epoch { return newest }
            let drawn = order(of: epoch)
            newest = drawn
            return drawn
        }
        var low = 0
        var high = current.groups.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if current.positions[middle] <= position { low = middle } else { high = middle }
        }
        return (current.groups[low], current.positions[low])
    }

    private func order(of epoch: UInt64) -> Epoch {
        var random = CounterRandom(seed: seed, purpose: .order, stage: stageIndex, step: epoch, element: 1)
        let groups = random.permutation(starts.count - 1)
        let positions = groups.reduce(into: [0]) { $0.append($0[$0.count - 1] + starts[$1 + 1] - starts[$1]) }
        return Epoch(number: epoch, groups: groups, positions: positions)
    }

    private func roundKeys(_ epoch: UInt64, element: UInt64) -> SIMD8<UInt64> {
        var random = CounterRandom(seed: seed, purpose: .order, stage: stageIndex, step: epoch, element: element)
        var keys = SIMD8<UInt64>()
        for round in 0..<8 { keys[round] = random.nextUInt64() }
        return keys
    }

    private func permuted(_ position: Int, among count: Int, _ keys: SIMD8<UInt64>) -> Int {
        let bits = UInt64(Int.bitWidth - (count - 1).leadingZeroBitCount)
        let halfBits = max(1, (bits + 1) / 2)
        var value = UInt64(position)
        repeat { value = Self.encrypted(value, keys, halfBits) } while value >= UInt64(count)
        return Int(value)
    }

    private static func encrypted(_ value: UInt64, _ keys: SIMD8<UInt64>, _ halfBits: UInt64) -> UInt64 {
        let mask = (1 as UInt64) << halfBits - 1
        var left = value >> halfBits
        var right = value & mask
        for round in 0..<8 {
            (left, right) = (right, left ^ (CounterRandom.mix(keys[round] ^ right) & mask))
        }
        return left << halfBits | right
    }
}
