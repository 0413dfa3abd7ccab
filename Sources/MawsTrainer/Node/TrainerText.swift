import MawsBase
import MawsProtocol

extension TrainerFact: CustomStringConvertible {
    /// The line that the log gets.
    package var description: String {
        switch self {
        case .joined(let term): "joined the coordinator, term \(term.value)"
        case .coordinatorAway(let loss): "looking for the coordinator: \(loss)"
        case .dataUnreachable(let reason, let seconds):
            "the plan's data cannot be reached, which is tried again in \(Int(seconds)) s: \(reason)"
        case .leasesDropped(let term, let own):
            "dropped \(term.map { "a lease of term \($0.value)" } ?? "an empty list of leases"), this is term "
                + "\(own.value)"
        case .unitFailed(let unit, let step, let reason): "unit \(unit.value) of step \(step.value) failed: \(reason)"
        }
    }
}

extension CoordinatorLoss: CustomStringConvertible {
    package var description: String {
        switch self {
        case .line(let words): words
        case .silent(let seconds): "the coordinator was silent for \(Int(seconds)) s"
        case .refused(let reason): "it refused this trainer: \(reason)"
        case .notForTrainers: "the coordinator sent a message that is not for trainers"
        case .olderTerm(let term, let newest):
            "a coordinator of term \(term.value) answered, newest is \(newest.value)"
        }
    }
}

extension TrainerEnd: CustomStringConvertible {
    /// The last sentence of the process.
    package var description: String {
        switch self {
        case .finished(let reason), .stopped(let reason), .dataMissing(let reason): reason
        case .refused(let reason): "the coordinator refused this trainer: \(reason)"
        case .coordinatorGone(let loss): "the coordinator is gone (\(loss)), and this trainer ends with it"
        case .noCoordinator(let seconds, let loss):
            "no coordinator for \(Int(seconds)) s, the last try said: \(loss)"
        }
    }
}

extension Abandonment: CustomStringConvertible {
    package var description: String {
        switch self {
        case .trainerEnds: "the trainer ends"
        case .coordinatorAway: "the coordinator is away"
        case .unitFailed: "its unit failed"
        case .otherShardCount: "the run has another number of shards"
        case .otherAddress: "the shard's address changed"
        }
    }
}

extension LineBreak: CustomStringConvertible {
    package var description: String {
        switch self {
        case .line(let words): words
        case .answeredUnasked: "it answered what was not asked"
        case .silent: "it is silent"
        }
    }
}
