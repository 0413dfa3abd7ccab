import MawsData
import Testing

@Suite struct PartitioningIndexTests {
    @Test func itIsTheFirstOfThoseBehindEveryBorderInFewLooks() {
        for count in [0, 1, 2, 3, 7, 100] {
            let range = 5..<5 + count
            for border in 4...5 + count {
                var looks = 0
                let found = range.partitioningIndex { number in
                    looks += 1
                    return number >= border
                }
                #expect(found == min(max(border, 5), 5 + count))
                #expect(looks <= 7)
            }
        }
    }
}
