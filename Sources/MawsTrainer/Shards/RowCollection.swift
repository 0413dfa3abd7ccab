import MawsBase
import MawsTraining
import Synchronization

/// The rows that the units of a step gave to all others, as they come from the shards.
final class RowCollection: Sendable {
    /// Those that share rows.
    let units: Int
    /// Most bytes that a unit's rows may have.
    let bytesMax: Int
    private let gathered = Mutex<[SharedRows]>([])

    /// - Parameters:
    ///   - units: 0..<`units` part, and no others.
    ///   - floatsMax: the most values a unit's rows may have.
    init(units: Int, floatsMax: Int) {
        self.units = units
        bytesMax = floatsMax * MemoryLayout<Float>.stride
    }

    func arrived(_ unit: UnitIndex, _ rows: [Float]) {
        gathered.withLock { $0.append(SharedRows(unit: unit.value, rows: rows)) }
    }

    /// All gathered, ascending by unit, each unit's exactly once.
    func inOrder(step: StepIndex) throws -> [SharedRows] {
        let sorted = gathered.withLock { $0.sorted { $0.unit < $1.unit } }
        for unit in 0..<units where unit >= sorted.count || sorted[unit].unit != UInt32(unit) {
            throw TrainerError.incompleteRows(step: step.value, missingUnit: unit)
        }
        return sorted
    }
}
