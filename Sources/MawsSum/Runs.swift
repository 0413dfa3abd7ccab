/// Ranges of elements that ascend and do not overlap: where a gradient may differ from zero.
package struct Runs: Equatable, Sendable {
    package let ranges: [Range<Int>]

    package init(_ ranges: [Range<Int>]) {
        precondition(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound })
        self.ranges = ranges
    }

    package var elementCount: Int { ranges.reduce(0) { $0 + $1.count } }

    /// What is in either; ranges that touch become one.
    package func union(_ others: Runs) -> Runs {
        var union: [Range<Int>] = []
        union.reserveCapacity(ranges.count + others.ranges.count)
        forEachPart(with: others) { part, _, _ in
            if let last = union.last, last.upperBound == part.lowerBound {
                union[union.count - 1] = last.lowerBound..<part.upperBound
            } else {
                union.append(part)
            }
        }
        return Runs(union)
    }

    /// Calls `body` for each part of the union, ascending, with the index of the range that it lies in here and of that
    /// in the others; nil where it lies in none.
    func forEachPart(with others: Runs, _ body: (_ part: Range<Int>, _ own: Int?, _ other: Int?) -> Void) {
        let (left, right) = (ranges, others.ranges)
        var (own, other, start) = (0, 0, 0)
        while own < left.count || other < right.count {
            let ownStart = own < left.count ? max(start, left[own].lowerBound) : .max
            let otherStart = other < right.count ? max(start, right[other].lowerBound) : .max
            let lower = min(ownStart, otherStart)
            let (isOwn, isOther) = (ownStart == lower, otherStart == lower)
            let upper = min(
                isOwn ? left[own].upperBound : ownStart, isOther ? right[other].upperBound : otherStart)
            if lower < upper { body(lower..<upper, isOwn ? own : nil, isOther ? other : nil) }
            start = upper
            if own < left.count, left[own].upperBound <= start { own += 1 }
            if other < right.count, right[other].upperBound <= start { other += 1 }
        }
    }
}
