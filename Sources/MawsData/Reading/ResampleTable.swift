/// Repeats the samples of rare labels up to a number of samples, as Mahajan et al. (ECCV 2018, section 2.2) and SWAG
/// do.
///
/// A label on *c* samples is repeated r = max(1, √(s / c)) times, a sample as often as its rarest label, and s is the
/// largest for which the repetitions of all samples add up to no more than the target. Repetitions are fractions of
/// 2⁻²⁰; positions are spread evenly over their running sum, so that sample *i* comes up about rᵢ times, never more
/// than one off and at least once, and all together exactly as often as asked. Positions run in the order of the
/// samples. 4.1 bytes a sample.
package struct ResampleTable: Sendable {
    /// Positions, at least one a sample.
    package let count: Int
    /// Repetitions of each sample in units of 2⁻²⁰.
    private let widths: [UInt32]
    /// Sum of the widths before every 64th sample, then of all.
    private let starts: [UInt64]

    private static let one: UInt32 = 1 << 20
    private static let repetitionsMax = 4095.0
    private static let stride = 64

    /// - Parameters:
    ///   - rarest: for each sample, on how many samples its rarest label is; 0 where it has no label, which repeats it
    ///     once.
    ///   - count: at least the number of samples.
    package init(rarest: [UInt32], count: Int) {
        precondition(!rarest.isEmpty && count >= rarest.count && count < 1 << 40)
        let factor = Self.factor(rarest, count: count)
        var starts: [UInt64] = []
        starts.reserveCapacity(rarest.count / Self.stride + 2)
        var sum: UInt64 = 0
        var widths: [UInt32] = []
        widths.reserveCapacity(rarest.count)
        for (index, labelCount) in rarest.enumerated() {
            if index % Self.stride == 0 { starts.append(sum) }
            let width = Self.width(labelCount, factor)
            widths.append(width)
            sum += UInt64(width)
        }
        starts.append(sum)
        self.count = count
        self.widths = widths
        self.starts = starts
    }

    /// The sample at a position; does not fall as positions rise.
    package func sample(_ position: Int) -> Int {
        precondition(position >= 0 && position < count)
        let product = UInt64(2 * position + 1).multipliedFullWidth(by: starts[starts.count - 1])
        let (target, _) = UInt64(2 * count).dividingFullWidth(product)
        // The last stretch of samples whose sum before it is not beyond the target.
        var block = (0..<starts.count - 1).partitioningIndex { starts[$0 + 1] > target }
        var end = starts[block]
        block *= Self.stride
        while true {
            end += UInt64(widths[block])
            if target < end { return block }
            block += 1
        }
    }

    private static func width(_ labelCount: UInt32, _ factor: Double) -> UInt32 {
        guard labelCount > 0 else { return one }
        let repetitions = (factor / Double(labelCount)).squareRoot()
        return UInt32(min(max(1, repetitions), repetitionsMax) * Double(one))
    }

    /// s, by halving an interval that holds it; a function of how many samples have which label count.
    private static func factor(_ rarest: [UInt32], count: Int) -> Double {
        var histogram: [UInt32: UInt64] = [:]
        for labelCount in rarest { histogram[labelCount, default: 0] += 1 }
        let target = UInt64(count) * UInt64(one)
        func fits(_ factor: Double) -> Bool {
            // A sum of whole numbers: the order of a dictionary does not matter.
            histogram.reduce(UInt64(0)) { $0 + $1.value * UInt64(width($1.key, factor)) } <= target
        }
        let labelled = rarest.count - Int(histogram[0] ?? 0)
        guard labelled > 0, let most = histogram.keys.max() else { return 0 }
        var low = 0.0
        var high = Double(most) * (Double(count) / Double(labelled) + 2) * (Double(count) / Double(labelled) + 2)
        for _ in 0..<100 {
            let middle = (low + high) / 2
            if fits(middle) { low = middle } else { high = middle }
        }
        return low
    }
}
