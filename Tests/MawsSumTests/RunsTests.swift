import MawsBase
import MawsSum
import Testing

struct RunsTests {
    @Test func aUnionHasTheElementsOfEitherAndNeighboursBecomeOne() {
        var random = CounterRandom(seed: 1, purpose: .test, element: 0)
        for _ in 0..<500 {
            let (left, right) = (RandomRuns.make(&random, count: 40), RandomRuns.make(&random, count: 40))
            let union = left.union(right)
            #expect(Set(union.ranges.joined()) == Set(left.ranges.joined()).union(right.ranges.joined()))
            #expect(union.elementCount == union.ranges.joined().count)
            #expect(zip(union.ranges, union.ranges.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound })
            #expect(union == right.union(left))
        }
    }

    @Test func nothingAndEverythingAreRunsToo() {
        let some = Runs([2..<4, 7..<8])
        #expect(some.union(Runs([])) == some)
        #expect(some.union(Runs([0..<10])) == Runs([0..<10]))
        #expect(Runs([]).union(Runs([])) == Runs([]))
    }
}

enum RandomRuns {
    /// Up to five runs, some of which touch.
    static func make(_ random: inout CounterRandom, count: Int) -> Runs {
        var (ranges, end) = ([Range<Int>](), 0)
        for _ in 0..<random.below(6) {
            let start = end + random.below(9)
            end = start + 1 + random.below(6)
            if end > count { break }
            ranges.append(start..<end)
        }
        return Runs(ranges)
    }
}
