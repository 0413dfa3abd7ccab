import ArgumentParser
import Foundation
import MawsBase
import MawsData
import MawsProcess

/// `maws-bench order`: how well the order of samples mixes, and how local its reading is, for groups of several sizes.
struct OrderQuality: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "order",
        abstract: "Measure how the order of samples mixes shards, how local it is, and its speed.",
        discussion:
            "Spread: standard deviation of a batch's mean position in the data set, of that of a uniform draw; 1 is "
            + "perfect mixing. Shards: how many a batch touches, and a unit.")

    @Option var shards = 256
    @Option(help: "Samples of a shard.") var shardSize = 5000
    @Option(help: "Samples of a batch.") var batch = 4096
    @Option(help: "Samples of a unit.") var unit = 64

    func run() {
        for group in [shards, 64, 16, 4, 1] where group <= shards {
            let order = SampleOrder(
                seed: 1, stageIndex: 0, shards: Array(repeating: shardSize, count: shards),
                shuffle: group == shards ? .max : group, unit: unit, unitsPerBatch: batch / unit)
            let start = Moment.now()
            let (spread, touched) = measure(order, batch: batch)
            let nanoseconds = Moment.now().seconds(since: start) / Double(order.count) * 1e9
            let name = "order-group-\(group)"
            Console.say("figure=\(name)-spread value=\(String(format: "%.2f", spread)) unit=1 goal=1")
            Console.say("figure=\(name)-shards value=\(String(format: "%.1f", touched)) unit=shards/batch")
            let ofUnit = measure(order, batch: unit).shards
            Console.say("figure=\(name)-unit-shards value=\(String(format: "%.1f", ofUnit)) unit=shards/unit")
            Console.say("figure=\(name)-time value=\(Int(nanoseconds)) unit=ns/sample")
        }
    }

    /// Over the batches of one epoch.
    private func measure(_ order: SampleOrder, batch: Int) -> (spread: Double, shards: Double) {
        let batches = order.count / batch
        let middle = Double(order.count - 1) / 2
        var (squares, touched) = (0.0, 0)
        for number in 0..<batches {
            var sum = 0.0
            var seen = [Bool](repeating: false, count: shards)
            for row in 0..<batch {
                let index = order.index(slot: UInt64(number * batch + row))
                sum += Double(index)
                seen[index / shardSize] = true
            }
            let distance = sum / Double(batch) - middle
            squares += distance * distance
            touched += seen.count { $0 }
        }
        let uniform = Double(order.count) / (12 * Double(batch)).squareRoot()
        return ((squares / Double(batches)).squareRoot() / uniform, Double(touched) / Double(batches))
    }
}
