import MawsBase
import MawsProtocol
import MawsWire

/// What can go wrong in a trainer, each as one sentence for a person.
package enum TrainerError: Error, Hashable, CustomStringConvertible {
    case ended(TrainerEnd)
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
    case unreachable(shard: ShardIdentity, reason: String)
    case brokenLine(shard: ShardIdentity, LineBreak)
    /// It sent the rows of one that the step does not have.
    case noSuchUnit(shard: ShardIdentity, unit: UInt32, units: Int)
    case incompleteRows(step: UInt64, missingUnit: Int)
    case abandoned(Abandonment)
    /// A connection that was dialed is not wanted any more.
    case lateConnection
    case noSuchStage(index: UInt32)
    case noSuchPrecision(precision: String, compute: String)

    package var description: String {
        switch self {
        case .ended(let end): "\(end)"
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
        case .unreachable(let shard, let reason): "shard \(shard) cannot be reached: \(reason)"
        case .brokenLine(let shard, let how): "the line to shard \(shard) broke: \(how)"
        case .silent(let what, let seconds): "waited \(seconds) s in vain for \(what)"
        case .noSuchUnit(let shard, let unit, let units):
            "shard \(shard) sent the rows of unit \(unit), and the step has units 0 to \(units - 1)"
        case .incompleteRows(let step, let unit): "the rows of step \(step) lack unit \(unit)"
        case .abandoned(let why): "the unit was abandoned: \(why)"
        case .lateConnection: "the connection came too late"
        case .noSuchPrecision(let precision, let compute):
            "--compute \(compute) does not know the plan's precision \(precision); start the trainer with --compute "
                + "onednn, or say `precision: fp32` in the plan"
        case .noSuchStage(let index): "the plan has no stage \(index)"
        }
    }
}

extension TrainerError {
    /// What the exchange says of a task that failed, for a person.
    init(_ failure: ExchangeFailure, shard: (Int) -> ShardIdentity, timeouts: ShardTimeouts) {
        self =
            switch failure {
            case .noRoster: .noRoster
            case .noAddress(let index): .noAddress(shard: shard(index))
            case .unreachable(let index, let reason): .unreachable(shard: shard(index), reason: reason)
            case .lineBroken(let index, let how): .brokenLine(shard: shard(index), how)
            case .lineDead(let index): .deadLine(shard: shard(index))
            case .refused(let index, let reason): .refused(shard: shard(index), reason: reason)
            case .unavailable(let index, let reason): .unavailable(shard: shard(index), reason: reason)
            case .otherTerm(let index, let term, let own): .otherTerm(shard: shard(index), term: term, awaited: own)
            case .unexpected(let index, let awaited): .unexpected(shard: shard(index), awaited: "\(awaited)")
            case .silent(let index, let awaited):
                .silent(what: "\(awaited) from shard \(shard(index))", seconds: timeouts.answerSeconds)
            case .stuck(.gather): .silent(what: "anything from the shards", seconds: timeouts.settings.stuckSeconds)
            case .stuck(.push): .silent(what: "the shards to take a unit", seconds: timeouts.settings.stuckSeconds)
            case .abandoned(let why): .abandoned(why)
            }
    }
}

extension ExchangeQuestion: CustomStringConvertible {
    /// What is due, for a person.
    package var description: String {
        switch self {
        case .gather(_, let step, let block): "block \(block) of version \(step.value)"
        case .gatherRows(_, let step): "the rows of step \(step.value)"
        case .push(let push): "unit \(push.unit.value) of step \(push.step.value)"
        case .shareRows(let rows, _): "the rows of unit \(rows.unit.value) of step \(rows.step.value)"
        case .flush(let flush): "its word that unit \(flush.unit.value) of step \(flush.step.value) is in"
        }
    }
}
