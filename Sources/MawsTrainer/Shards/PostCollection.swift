import MawsBase
import MawsTraining
import MawsTransport
import MawsWire

/// Collects the posts of a step from every shard.
final class PostCollection: Sendable {
    private struct State {
        var posts: [PostedRows] = []
        var shardsDue: Int
        var progress = 0
        var error: (any Error)?
    }

    private let state: Monitor<State>

    init(shards: Int) { state = Monitor(State(shardsDue: shards)) }

    func arrived(_ post: PostedRows) {
        state.with { state in
            state.posts.append(post)
            state.progress += 1
        }
    }

    func finished() { state.with { $0.shardsDue -= 1 } }

    func fail(_ error: any Error) {
        state.with { state in if state.error == nil { state.error = error } }
    }

    /// All posts, ascending by unit, each of units 0..<`units` exactly once.
    func wait(units: Int, step: StepIndex, patienceSeconds: Double) throws -> [PostedRows] {
        var seen = -1
        while true {
            let posts: [PostedRows]? = try state.wait(seconds: patienceSeconds) { state in
                if let error = state.error { throw error }
                return state.shardsDue == 0 ? state.posts : nil
            }
            if let posts { return try Self.inOrder(posts, units: units, step: step) }
            let progress = state.with { $0.progress }
            guard progress > seen else { throw TrainerError.silent(what: "posts", seconds: patienceSeconds) }
            seen = progress
        }
    }

    private static func inOrder(_ posts: [PostedRows], units: Int, step: StepIndex) throws -> [PostedRows] {
        let sorted = posts.sorted { $0.unit < $1.unit }
        for unit in 0..<units where unit >= sorted.count || sorted[unit].unit != UInt32(unit) {
            throw TrainerError.incompletePosts(step: step.value, missingUnit: unit)
        }
        return sorted
    }
}

/// Asks one shard for the posts it holds.
final class CollectJob: ShardJob {
    private let stage: StageIndex
    private let step: StepIndex
    private let floatsMax: Int
    private let collection: PostCollection

    /// - Parameter floatsMax: the most values a post may have.
    init(stage: StageIndex, step: StepIndex, floatsMax: Int, collection: PostCollection) {
        self.stage = stage
        self.step = step
        self.floatsMax = floatsMax
        self.collection = collection
    }

    func run(on link: ShardLink) throws {
        let request = try link.ask { .collect($0, stage: stage, step: step) }
        while true {
            let incoming = try link.receive("the posts of step \(step.value)", answering: request)
            switch incoming.message {
            case .posted(_, let post) where post.stage == stage && post.step == step:
                let rows = try link.receiveRows(incoming, floatsMax: floatsMax)
                collection.arrived(PostedRows(unit: post.unit.value, rows: rows))
            case .flushed:
                return collection.finished()
            default:
                throw TrainerError.unexpected(shard: link.shard, awaited: "the posts of step \(step.value)")
            }
        }
    }

    func fail(_ error: any Error) { collection.fail(error) }
}
