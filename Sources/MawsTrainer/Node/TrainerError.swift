import MawsBase

/// What can go wrong in a trainer, each as one sentence for a person.
package enum TrainerError: Error, Hashable, CustomStringConvertible {
    /// The sentence of a trainer's end.
    case ended(String)
    case noAddress(shard: ShardIdentity)
    case noRoster
    case refused(shard: ShardIdentity, reason: String)
    case wrongRun(shard: ShardIdentity)
    case unavailable(shard: ShardIdentity, reason: String)
    case otherTerm(shard: ShardIdentity, term: Term, awaited: Term)
    case unexpected(shard: ShardIdentity, awaited: String)
    case payload(shard: ShardIdentity, what: String, bytes: Int, limit: Int)
    case silent(what: String, seconds: Double)
    case deadLine(shard: ShardIdentity)
    case incompletePosts(step: UInt64, missingUnit: Int)
    case cancelled(String)
    case noSuchStage(index: UInt32)
    case noSuchPrecision(precision: String, compute: String)

    package var description: String {
        switch self {
        case .ended(let sentence): sentence
        case .noAddress(let shard): "the coordinator has not said yet where shard \(shard) is"
        case .noRoster: "the coordinator has not said yet where the shards are"
        case .refused(let shard, let reason): "shard \(shard) refused this trainer: \(reason)"
        case .wrongRun(let shard): "shard \(shard) serves another run; check the address its server was started with"
        case .unavailable(let shard, let reason): "shard \(shard) does not have it: \(reason)"
        case .otherTerm(let shard, let term, let awaited):
            "shard \(shard) works under term \(term.value), this trainer under \(awaited.value)"
        case .unexpected(let shard, let awaited):
            "shard \(shard) sent something else where \(awaited) was due; check that all run one version of maws"
        case .payload(let shard, let what, let bytes, let limit):
            "shard \(shard) sent \(bytes) bytes for \(what) where \(limit) are due"
        case .deadLine(let shard):
            "the line to shard \(shard) is dead: nothing moves on it, and the shard does not have it"
        case .silent(let what, let seconds): "waited \(seconds) s in vain for \(what)"
        case .incompletePosts(let step, let unit): "the posts of step \(step) lack unit \(unit)"
        case .cancelled(let reason): "the unit was abandoned: \(reason)"
        case .noSuchPrecision(let precision, let compute):
            "--compute \(compute) does not know the plan's precision \(precision); start the trainer with --compute "
                + "onednn, or say `precision: fp32` in the plan"
        case .noSuchStage(let index): "the plan has no stage \(index)"
        }
    }
}
