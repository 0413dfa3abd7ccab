import MawsBase
import MawsTraining
import Synchronization

/// The rows that the units of a step gave to all others, as they come from the shards.
final class PostCollection: Sendable {
    /// Most bytes that a post may have.
    let bytesMax: Int
    private let posts = Mutex<[PostedRows]>([])

    /// - Parameter floatsMax: the most values a post may have.
    init(floatsMax: Int) { bytesMax = floatsMax * MemoryLayout<Float>.stride }

    func arrived(_ unit: UnitIndex, _ rows: [Float]) {
        posts.withLock { $0.append(PostedRows(unit: unit.value, rows: rows)) }
    }

    /// All posts, ascending by unit, each of units 0..<`units` exactly once.
    func inOrder(units: Int, step: StepIndex) throws -> [PostedRows] {
        let sorted = posts.withLock { $0.sorted { $0.unit < $1.unit } }
        for unit in 0..<units where unit >= sorted.count || sorted[unit].unit != UInt32(unit) {
            throw TrainerError.incompletePosts(step: step.value, missingUnit: unit)
        }
        return sorted
    }
}
