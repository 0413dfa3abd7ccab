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

    @Test func neighboursAreMixed() {
        let order = SampleOrder(seed: 3, stageIndex: 0, count: 60_000)
        let firstHalf = (0..<30_000).map { order.index(slot: UInt64($0)) }
        let mean = Double(firstHalf.reduce(0, +)) / 30_000
        #expect(abs(mean - 30_000) < 300)
        let followers = zip(firstHalf, firstHalf.dropFirst()).count { abs($0 - $1) == 1 }
        #expect(followers < 10)
    }
}
