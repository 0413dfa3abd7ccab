import MawsBase
import MawsTraining
import Synchronization

/// The rows that the units of a step gave to all others, as they come from the shards.
final class PostCollection: Sendable {
    /// Those that post.
    let units: Int
    /// Most bytes that a post may have.
    let bytesMax: Int
    private let posts = Mutex<[PostedRows]>([])

    /// - Parameters:
    ///   - units: 0..<`units` post, and no others.
    ///   - floatsMax: the most values a post may have.
    init(units: Int, floatsMax: Int) {
        self.units = units
        bytesMax = floatsMax * MemoryLayout<Float>.stride
    }

    func arrived(_ unit: UnitIndex, _ rows: [Float]) {
        posts.withLock { $0.append(PostedRows(unit: unit.value, rows: rows)) }
    }

    /// All posts, ascending by unit, each unit's exactly once.
    func inOrder(step: StepIndex) throws -> [PostedRows] {
        let sorted = posts.withLock { $0.sorted { $0.unit < $1.unit } }
        for unit in 0..<units where unit >= sorted.count || sorted[unit].unit != UInt32(unit) {
            throw TrainerError.incompletePosts(step: step.value, missingUnit: unit)
        }
        return sorted
    }
}
