import MawsBase
import MawsPlan
import Synchronization

/// The order in which a training stage visits the samples of its split: a pure function of (seed, stage, slot, unit).
///
/// Slots run on across epochs: slot s is position s mod N of epoch s / N, and every epoch is its own permutation of
/// all N samples.
///
/// Without groups that permutation is one of everything. With groups, an epoch reads few shards at a time, and a unit
/// fewer still: neighbouring shards are bundled, the epoch goes through the bundles in an order drawn for it, a group
/// of them at a time, and a group is cut into as many equal stripes. Its slots are dealt to the stripes in runs of a
/// unit (`StripeDeal`), so that a unit reads one stripe and the units of a batch read all of them. Bundles stay
/// together from epoch to epoch: who holds a unit's shards once has use of it again.
///
/// A stripe's order is an eight-round Feistel network over the smallest even number of bits that holds its samples,
/// walked along its cycle until it lands inside (Black and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA
/// 2002): it takes no memory however many there are. The order of the bundles takes memory for each bundle.
package final class SampleOrder: Sendable {
    package let count: Int
    private let seed: UInt64
    private let stageIndex: UInt32
    private let unit: Int
    /// Stripes of a whole group.
    private let stripeCount: Int
    private let groupCount: Int
    /// First sample of each bundle, then `count`.
    private let starts: [Int]
    private let newest: Mutex<Epoch?> = Mutex(nil)

    /// The bundles of one epoch in order, and the position in the epoch at which each begins, then `count`.
    private struct Epoch {
        var number: UInt64
        var bundles: [Int]
        var positions: [Int]

        /// Place in `bundles` of the one that holds a position.
        func place(of position: Int) -> Int {
            bundles.indices.partitioningIndex { positions[$0 + 1] > position }
        }
    }

    /// One permutation of everything.
    /// - Parameter count: samples in the split, above 0.
    package convenience init(seed: UInt64, stageIndex: UInt32, count: Int) {
        self.init(seed: seed, stageIndex: stageIndex, shards: [count], shuffle: .max, unit: 1, unitsPerBatch: 1)
    }

    /// - Parameters:
    ///   - shards: samples of each shard; their sum is above 0.
    ///   - shuffle: shards that are read at a time; `Int.max`: all, without stripes.
    ///   - unit: samples of a unit.
    package init(seed: UInt64, stageIndex: UInt32, shards: [Int], shuffle: Int, unit: Int, unitsPerBatch: Int) {
        precondition(shuffle > 0 && unit > 0 && unitsPerBatch > 0)
        self.seed = seed
        self.stageIndex = stageIndex
        self.unit = unit
        let isWhole = shuffle == .max
        let together = min(shuffle, shards.count)
        stripeCount = isWhole ? 1 : Self.stripes(among: together, unitsPerBatch: unitsPerBatch)
        let bundle = isWhole ? shards.count : together / stripeCount
        starts = Self.starts(shards, bundle: bundle)
        count = starts[starts.count - 1]
        groupCount = isWhole ? 1 : (starts.count - 2 + stripeCount) / stripeCount
        precondition(count > 0)
    }

    /// The order of a training stage.
    /// - Parameter shards: positions of each shard of the split it reads.
    convenience init(plan: Plan, stage: StagePlan, stageIndex: UInt32, shards: [Int]) {
        self.init(
            seed: plan.seed, stageIndex: stageIndex, shards: shards,
            shuffle: plan.split(stage.on)?.shuffleShards ?? .max,
            unit: stage.unit, unitsPerBatch: max(1, stage.unitsPerStep))
    }

    /// A number of stripes that divides the units of a batch, where one is near: a unit then has the same stripe in
    /// every batch.
    private static func stripes(among shards: Int, unitsPerBatch: Int) -> Int {
        let most = min(shards, unitsPerBatch)
        let even = (1...most).last { unitsPerBatch % $0 == 0 } ?? 1
        return 2 * even >= most ? even : most
    }

    private static func starts(_ shards: [Int], bundle: Int) -> [Int] {
        let sizes = stride(from: 0, to: shards.count, by: bundle).map { first in
            shards[first..<min(first + bundle, shards.count)].reduce(0, +)
        }
        return sizes.filter { $0 > 0 }.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
    }

    /// Index of the sample at this slot.
    package func index(slot: UInt64) -> Int {
        let (epoch, position) = slot.quotientAndRemainder(dividingBy: UInt64(count))
        guard starts.count > 2 else {
            return permuted(Int(position), among: count, roundKeys(epoch, element: 0))
        }
        let drawn = order(of: epoch)
        let (group, stripes, positions) = group(at: Int(position), in: drawn)
        let deal = StripeDeal(
            count: positions.count, stripes: stripes, unit: unit,
            firstSlot: slot - position + UInt64(positions.lowerBound))
        let (stripe, offset) = deal.place(Int(position) - positions.lowerBound)
        let part = deal.part(stripe)
        let keys = roundKeys(epoch, element: 2 + UInt64(group * stripeCount + stripe))
        let found = positions.lowerBound + part.lowerBound + permuted(offset, among: part.count, keys)
        let bundle = drawn.place(of: found)
        return starts[drawn.bundles[bundle]] + found - drawn.positions[bundle]
    }

    /// The group at a position of an epoch, its number of bundles, and its positions. Groups have equally many bundles,
    /// one apart at most.
    private func group(at position: Int, in epoch: Epoch) -> (group: Int, bundles: Int, positions: Range<Int>) {
        let count = epoch.bundles.count
        let group = ((epoch.place(of: position) + 1) * groupCount - 1) / count
        let bundles = count * group / groupCount..<count * (group + 1) / groupCount
        return (group, bundles.count, epoch.positions[bundles.lowerBound]..<epoch.positions[bundles.upperBound])
    }

    private func order(of epoch: UInt64) -> Epoch {
        newest.withLock { newest in
            if let newest, newest.number == epoch { return newest }
            var random = CounterRandom(seed: seed, purpose: .order, stage: stageIndex, step: epoch, element: 1)
            let bundles = random.permutation(starts.count - 1)
            let positions = bundles.reduce(into: [0]) { $0.append($0[$0.count - 1] + starts[$1 + 1] - starts[$1]) }
            let drawn = Epoch(number: epoch, bundles: bundles, positions: positions)
            newest = drawn
            return drawn
        }
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
