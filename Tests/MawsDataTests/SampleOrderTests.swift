import MawsData
import Testing

@Suite struct SampleOrderTests {
    @Test(arguments: [1, 2, 3, 4, 5, 17, 64, 1000, 60_000])
    func everyEpochVisitsEverySampleOnce(count: Int) {
        let order = SampleOrder(seed: 7, stageIndex: 1, count: count)
        for epoch in 0..<3 {
            let first = UInt64(epoch * count)
            let visited = (0..<count).map { order.index(slot: first + UInt64($0)) }
            #expect(visited.sorted() == Array(0..<count))
        }
    }

    @Test func epochsStagesAndSeedsHaveTheirOwnOrders() {
        func indices(seed: UInt64, stage: UInt32, epoch: Int) -> [Int] {
            let order = SampleOrder(seed: seed, stageIndex: stage, count: 500)
            return (0..<500).map { order.index(slot: UInt64(epoch * 500 + $0)) }
        }
        let orders = [
            indices(seed: 7, stage: 0, epoch: 0), indices(seed: 7, stage: 0, epoch: 1),
            indices(seed: 7, stage: 1, epoch: 0), indices(seed: 8, stage: 0, epoch: 0), Array(0..<500),
        ]
        #expect(Set(orders).count == orders.count)
        #expect(indices(seed: 7, stage: 0, epoch: 0) == orders[0])
    }

    @Test(arguments: [[5, 1, 7], [1000, 1000, 1000, 10], [0, 3, 0, 4], [1, 1, 1]])
    func anEpochVisitsEverySampleOnceOneGroupAfterTheOther(groups: [Int]) {
        let count = groups.reduce(0, +)
        let order = SampleOrder(seed: 7, stageIndex: 1, groups: groups)
        let groupOf = groups.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element) }
        for epoch in 0..<4 {
            let visited = (0..<count).map { order.index(slot: UInt64(epoch * count + $0)) }
            #expect(visited.sorted() == Array(0..<count))
            let changes = zip(visited, visited.dropFirst()).count { groupOf[$0] != groupOf[$1] }
            #expect(changes == groups.count { $0 > 0 } - 1)
        }
    }

    @Test func oneGroupIsTheOrderOfTheWhole() {
        let whole = SampleOrder(seed: 7, stageIndex: 1, count: 100)
        let grouped = SampleOrder(seed: 7, stageIndex: 1, groups: [0, 100])
        #expect((0..<200).allSatisfy { whole.index(slot: $0) == grouped.index(slot: $0) })
    }

    @Test func theOrderOfGroupsChangesWithTheEpochAndAnySlotCanBeAskedFor() {
        let order = SampleOrder(seed: 7, stageIndex: 1, groups: Array(repeating: 10, count: 20))
        let firsts = (0..<10).map { epoch in (0..<20).map { order.index(slot: UInt64(epoch * 200 + $0 * 10)) / 10 } }
        #expect(Set(firsts).count == 10)
        let other = SampleOrder(seed: 7, stageIndex: 1, groups: Array(repeating: 10, count: 20))
        let backwards = (0..<2000).reversed().map { other.index(slot: UInt64($0)) }
        #expect((0..<2000).map { order.index(slot: UInt64($0)) } == backwards.reversed())
    }

    @Test func neighboursAreMixed() {
        let order = SampleOrder(seed: 3, stageIndex: 0, count: 60_000)
        let firstHalf = (0..<30_000).map { order.index(slot: UInt64($0)) }
        let mean = Double(firstHalf.reduce(0, +)) / 30_000
        #expect(abs(mean - 30_000) < 300)
        let followers = zip(firstHalf, firstHalf.dropFirst()).count { abs($0 - $1) == 1 }
        #expect(followers < 10)
    }
}
