import MawsData
import MawsTensor
import MawsTrainer
import Synchronization
import Testing

/// Batches that carry their unit's number, and a record of what was loaded.
private final class Loads: Sendable {
    struct Unreadable: Error, Equatable { var unit: Int }

    let units = Mutex<[Int]>([])

    func load(_ key: BatchKey) throws -> UnitBatch {
        units.withLock { $0.append(key.unit) }
        if key.unit == 99 { throw Unreadable(unit: 99) }
        return UnitBatch(
            slots: [UInt64(key.unit)], samples: [key.unit], images: FloatBuffer(count: 0), channels: 1, size: 1)
    }
}

struct BatchQueueTests {
    @Test func givesTheUnitsAskedForAndLoadsEachOnce() throws {
        let loads = Loads()
        let queue = BatchQueue { try loads.load($0) }
        defer { queue.end() }
        let keys = (0..<3).map { BatchKey(step: 0, unit: $0) }
        queue.want([keys[0], keys[1]])
        #expect(try queue.take(keys[0]).samples == [0])
        queue.want([keys[1], keys[2]])
        #expect(try queue.take(keys[1]).samples == [1])
        #expect(try queue.take(keys[2]).samples == [2])
        #expect(loads.units.withLock { $0 } == [0, 1, 2])
    }

    @Test func loadsAUnitNobodyForesaw() throws {
        let queue = BatchQueue { try Loads().load($0) }
        defer { queue.end() }
        queue.want([BatchKey(step: 0, unit: 1)])
        #expect(try queue.take(BatchKey(step: 3, unit: 7)).samples == [7])
    }

    @Test func failureToLoadReachesTheUnitThatNeedsIt() throws {
        let queue = BatchQueue { try Loads().load($0) }
        defer { queue.end() }
        queue.want([BatchKey(step: 0, unit: 99), BatchKey(step: 0, unit: 1)])
        #expect(throws: Loads.Unreadable(unit: 99)) { try queue.take(BatchKey(step: 0, unit: 99)) }
        #expect(try queue.take(BatchKey(step: 0, unit: 1)).samples == [1])
    }

    @Test func forecastFollowsTheStrideIntoTheNextStep() {
        var forecast = UnitForecast(unitsPerStep: 8, repeats: true)
        #expect(forecast.next(after: BatchKey(step: 0, unit: 1)) == BatchKey(step: 0, unit: 2))
        #expect(forecast.next(after: BatchKey(step: 0, unit: 4)) == BatchKey(step: 0, unit: 7))
        #expect(forecast.next(after: BatchKey(step: 0, unit: 7)) == BatchKey(step: 1, unit: 2))
    }

    @Test func evaluationEndsWithItsLastUnit() {
        var forecast = UnitForecast(unitsPerStep: 3, repeats: false)
        #expect(forecast.next(after: BatchKey(step: 0, unit: 1)) == BatchKey(step: 0, unit: 2))
        #expect(forecast.next(after: BatchKey(step: 0, unit: 2)) == nil)
    }
}
