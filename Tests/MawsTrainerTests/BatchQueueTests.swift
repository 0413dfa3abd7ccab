import MawsData
import MawsPlan
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
            slots: [UInt64(key.unit)], samples: [key.unit], inputs: [])
    }
}

struct BatchQueueTests {
    @Test func givesTheUnitsAskedForAndLoadsEachOnce() throws {
        let loads = Loads()
        let queue = BatchQueue(byteCountMax: 1 << 20) { try loads.load($0) }
        defer { queue.end() }
        let keys = (0..<3).map { BatchKey(step: 0, unit: $0) }
        queue.want([keys[0], keys[1]])
        #expect(try queue.take(keys[0]).samples == [0])
        queue.want([keys[1], keys[2]])
        #expect(try queue.take(keys[1]).samples == [1])
        #expect(try queue.take(keys[2]).samples == [2])
        #expect(loads.units.withLock { $0 } == [0, 1, 2])
    }

    @Test(arguments: [(0, [0]), (800, [0, 1]), (1200, [0, 1, 2]), (1 << 20, [0, 1, 2, 3])])
    func batchesThatWaitStayBelowTheirBytes(_ byteCountMax: Int, _ expected: [Int]) throws {
        let loads = Loads()
        let queue = BatchQueue(byteCountMax: byteCountMax) { key in
            _ = try loads.load(key)
            // 400 bytes.
            return UnitBatch(
                slots: [0], samples: [key.unit],
                inputs: [
                    UnitInput(
                        InputSpecification(.image, .image, shape: [1, 10, 10], element: .float32),
                        FloatBuffer(count: 100).all)
                ])
        }
        defer { queue.end() }
        queue.want((0..<4).map { BatchKey(step: 0, unit: $0) })
        // The last of those there is room for; once it is here, no other is being loaded.
        _ = try queue.take(BatchKey(step: 0, unit: expected[expected.count - 1]))
        #expect(loads.units.withLock { Array($0.prefix(expected.count)) } == expected)
        if expected.count < 4 { #expect(loads.units.withLock { $0.count } == expected.count) }
    }

    @Test func loadsAUnitNobodyForesaw() throws {
        let queue = BatchQueue(byteCountMax: 1 << 20) { try Loads().load($0) }
        defer { queue.end() }
        queue.want([BatchKey(step: 0, unit: 1)])
        #expect(try queue.take(BatchKey(step: 3, unit: 7)).samples == [7])
    }

    @Test func failureToLoadReachesTheUnitThatNeedsIt() throws {
        let queue = BatchQueue(byteCountMax: 1 << 20) { try Loads().load($0) }
        defer { queue.end() }
        queue.want([BatchKey(step: 0, unit: 99), BatchKey(step: 0, unit: 1)])
        #expect(throws: Loads.Unreadable(unit: 99)) { try queue.take(BatchKey(step: 0, unit: 99)) }
        #expect(try queue.take(BatchKey(step: 0, unit: 1)).samples == [1])
    }

    @Test func forecastFollowsTheStrideIntoTheNextStep() {
        var forecast = UnitForecast(unitsPerStep: 8, repeats: true)
        #expect(forecast.next(1, after: BatchKey(step: 0, unit: 1)) == [BatchKey(step: 0, unit: 2)])
        #expect(forecast.next(1, after: BatchKey(step: 0, unit: 4)) == [BatchKey(step: 0, unit: 7)])
        #expect(
            forecast.next(2, after: BatchKey(step: 0, unit: 4)) == [
                BatchKey(step: 0, unit: 7), BatchKey(step: 1, unit: 2),
            ])
        #expect(forecast.next(1, after: BatchKey(step: 0, unit: 7)) == [BatchKey(step: 1, unit: 2)])
    }

    @Test func forecastOfRemoteDataIsWhatTheTrainerHadInBothStepsBefore() {
        var forecast = UnitForecast(unitsPerStep: 8, repeats: true, returns: true)
        for unit in [0, 3, 4, 5] { #expect(forecast.next(2, after: BatchKey(step: 5, unit: unit)) == []) }
        for unit in [0, 1, 3, 4] { #expect(forecast.next(2, after: BatchKey(step: 6, unit: unit)) == []) }
        #expect(
            forecast.next(2, after: BatchKey(step: 7, unit: 0)) == [
                BatchKey(step: 7, unit: 3), BatchKey(step: 7, unit: 4),
            ])
        #expect(
            forecast.next(2, after: BatchKey(step: 7, unit: 4)) == [
                BatchKey(step: 8, unit: 0), BatchKey(step: 8, unit: 3),
            ])
        #expect(forecast.next(2, after: BatchKey(step: 7, unit: 6)) == [])
    }

    @Test func evaluationEndsWithItsLastUnit() {
        var forecast = UnitForecast(unitsPerStep: 3, repeats: false)
        #expect(forecast.next(3, after: BatchKey(step: 0, unit: 1)) == [BatchKey(step: 0, unit: 2)])
        #expect(forecast.next(3, after: BatchKey(step: 0, unit: 2)) == [])
    }
}
