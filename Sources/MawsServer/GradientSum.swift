import MawsOptimizer
import MawsTensor

/// A unit's gradient of one slice, or the sum of several units': every element, or the runs that are not zero.
///
/// A word table's gradient stays in runs while it is added up, so that a unit costs what it has and not what the table
/// has. The sums are those of whole slices, bit for bit: an element outside of the runs is positive zero, and is added.
struct GradientSum: Sendable {
    /// All elements, or those of the runs one after the other.
    let values: FloatBuffer
    /// Ascending, without overlaps; nil: the slice is whole.
    let runs: [Range<Int>]?

    init(whole values: FloatBuffer) { (self.values, runs) = (values, nil) }

    init(runs: [Range<Int>]?, values: FloatBuffer) { (self.values, self.runs) = (values, runs) }

    /// This and the other, whose memory goes back to the pool.
    /// - Parameter count: elements of the slice.
    func adding(_ other: GradientSum, count: Int, pool: BufferPool, threads: UpdateThreads) -> GradientSum {
        guard let union = union(with: other), union.reduce(0, { $0 + $1.count }) <= count / 2 else {
            let (sum, added) = (whole(count, pool), other.whole(count, pool))
            threads.add(added, into: sum)
            pool.give(added)
            return GradientSum(whole: sum)
        }
        let (sum, added) = (spread(over: union), other.spread(over: union))
        threads.add(added, into: sum)
        for used in [self, other] { pool.give(used) }
        pool.count(sum)
        return GradientSum(runs: union, values: sum)
    }

    /// Writes every element.
    func write(to target: UnsafeMutablePointer<Float>, count: Int) {
        guard let runs else { return target.update(from: values.pointer, count: count) }
        target.update(repeating: 0, count: count)
        var next = 0
        for run in runs {
            (target + run.lowerBound).update(from: values.pointer + next, count: run.count)
            next += run.count
        }
    }

    /// The whole slice in the pool's memory; the runs' memory goes back to it.
    private func whole(_ count: Int, _ pool: BufferPool) -> FloatBuffer {
        if runs == nil { return values }
        let buffer = pool.takeAtOnce(count)
        write(to: buffer.pointer, count: count)
        pool.give(self)
        return buffer
    }

    /// All runs of both; nil where one is whole.
    private func union(with other: GradientSum) -> [Range<Int>]? {
        guard let own = runs, let others = other.runs else { return nil }
        var union: [Range<Int>] = []
        union.reserveCapacity(own.count + others.count)
        var (left, right) = (own[...], others[...])
        while let next = Self.takeFirst(&left, &right) {
            if let last = union.last, next.lowerBound <= last.upperBound {
                union[union.count - 1] = last.lowerBound..<max(last.upperBound, next.upperBound)
            } else {
                union.append(next)
            }
        }
        return union
    }

    private static func takeFirst(
        _ left: inout ArraySlice<Range<Int>>, _ right: inout ArraySlice<Range<Int>>
    ) -> Range<Int>? {
        guard let first = left.first else { return right.popFirst() }
        if let second = right.first, second.lowerBound < first.lowerBound { return right.popFirst() }
        return left.popFirst()
    }

    /// The numbers of runs that hold this one's, with zeros where it has none.
    private func spread(over union: [Range<Int>]) -> FloatBuffer {
        let buffer = FloatBuffer(count: union.reduce(0) { $0 + $1.count })
        var own = (runs ?? [])[...]
        var (source, target) = (0, 0)
        for run in union {
            while let part = own.first, part.lowerBound < run.upperBound {
                (buffer.pointer + target + part.lowerBound - run.lowerBound)
                    .update(from: values.pointer + source, count: part.count)
                source += part.count
                own = own.dropFirst()
            }
            target += run.count
        }
        return buffer
    }
}
