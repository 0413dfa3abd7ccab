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

    /// Shards of equal and of any sizes, epochs that end within a unit, fewer shards than a group has, groups of one.
    @Test(arguments: [
        Shape([5, 1, 7], shuffle: 1, unit: 2, units: 3), Shape([1000, 1000, 1000, 10], shuffle: 2, unit: 16, units: 4),
        Shape([0, 3, 0, 4], shuffle: 2, unit: 8, units: 2), Shape([1, 1, 1], shuffle: 3, unit: 4, units: 2),
        Shape(Array(repeating: 40, count: 30), shuffle: 8, unit: 10, units: 8),
        Shape(Array(repeating: 41, count: 31), shuffle: 8, unit: 10, units: 4),
        Shape((1...40).map { $0 * 7 % 50 }, shuffle: 16, unit: 5, units: 31),
    ])
    func anEpochInGroupsVisitsEverySampleOnceAndReadsFewShardsAtATime(shape: Shape) {
        let order = shape.order
        for epoch in 0..<4 {
            let visited = (0..<shape.count).map { order.index(slot: UInt64(epoch * shape.count + $0)) }
            #expect(visited.sorted() == Array(0..<shape.count))
            let shards = visited.map { shape.shardOf[$0] }
            let first = Dictionary(zip(shards, shards.indices), uniquingKeysWith: min)
            let last = Dictionary(zip(shards, shards.indices), uniquingKeysWith: max)
            let open = shards.indices.map { place in first.count { $0.value <= place && last[$0.key]! >= place } }
            #expect(open.max()! <= shape.shuffle)
        }
    }

    @Test func aUnitReadsOneLaneAndABatchReadsAll() {
        let shape = Shape(Array(repeating: 600, count: 24), shuffle: 12, unit: 20, units: 6)
        var unitsByShard: [Int: Set<Int>] = [:]
        for batch in 0..<(2 * shape.count / 120) {
            var ofBatch: Set<Int> = []
            for unit in 0..<6 {
                let slots = (0..<20).map { UInt64(batch * 120 + unit * 20 + $0) }
                let shards = Set(slots.map { shape.shardOf[shape.order.index(slot: $0)] })
                #expect(shards.count <= 2 && Set(shards.map { $0 / 2 }).count == 1)
                ofBatch.formUnion(shards.map { $0 / 2 })
                for shard in shards { unitsByShard[shard + 24 * (batch * 120 / shape.count), default: []].insert(unit) }
            }
            #expect(ofBatch.count == 6)
        }
        // Through an epoch a shard is read by the same unit of every batch.
        #expect(unitsByShard.count == 48 && unitsByShard.values.allSatisfy { $0.count == 1 })
    }

    @Test func withoutGroupsTheOrderIsThatOfTheWhole() {
        let whole = SampleOrder(seed: 7, stageIndex: 1, count: 100)
        let shards = SampleOrder(
            seed: 7, stageIndex: 1, shards: [0, 40, 60], shuffle: .max, unit: 10, unitsPerBatch: 4)
        #expect((0..<200).allSatisfy { whole.index(slot: $0) == shards.index(slot: $0) })
    }

    @Test func theOrderOfShardsChangesWithTheEpochAndAnySlotCanBeAskedFor() {
        let shape = Shape(Array(repeating: 10, count: 20), shuffle: 1, unit: 5, units: 4)
        let firsts = (0..<10).map { epoch in
            (0..<20).map { shape.order.index(slot: UInt64(epoch * 200 + $0 * 10)) / 10 }
        }
        #expect(Set(firsts).count == 10)
        let backwards = (0..<2000).reversed().map { shape.order.index(slot: UInt64($0)) }
        let other = Shape(shape.shards, shuffle: 1, unit: 5, units: 4).order
        #expect((0..<2000).map { other.index(slot: UInt64($0)) } == backwards.reversed())
    }

    /// Neighbouring shards do not stay neighbours: a batch's mean lies nearer to the middle than that of one stretch.
    @Test func groupsMixShardsFromAllOverTheDataSet() {
        let shape = Shape(Array(repeating: 200, count: 64), shuffle: 8, unit: 10, units: 16)
        let middle = Double(shape.count) / 2
        let means = (0..<shape.count / 160).map { batch in
            (0..<160).reduce(0) { $0 + Double(shape.order.index(slot: UInt64(batch * 160 + $1))) } / 160
        }
        let std = (means.reduce(0) { $0 + ($1 - middle) * ($1 - middle) } / Double(means.count)).squareRoot()
        // Eight shards drawn at random: N / √(12 · 8). One stretch of eight: N / √12.
        #expect(std < 0.6 * Double(shape.count) / 12.0.squareRoot())
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

/// Shards and how an order goes through them.
struct Shape: Sendable, CustomTestStringConvertible {
    let shards: [Int]
    let shuffle: Int
    let count: Int
    let shardOf: [Int]
    let order: SampleOrder

    init(_ shards: [Int], shuffle: Int, unit: Int, units: Int) {
        (self.shards, self.shuffle, count) = (shards, shuffle, shards.reduce(0, +))
        shardOf = shards.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element) }
        order = SampleOrder(
            seed: 7, stageIndex: 1, shards: shards, shuffle: shuffle, unit: unit, unitsPerBatch: units)
    }

    var testDescription: String { "\(shards.count) shards, \(shuffle) at a time" }
}
