import MawsBase

/// What happens in a trainer's session that people are told of: facts, of which the trainer makes sentences.
package enum TrainerFact: Hashable, Sendable {
    case joined(Term)
    /// The coordinator is looked for, as it is not there.
    case coordinatorAway(CoordinatorLoss)
    /// The plan's data is opened again after a pause, as its source does not answer.
    case dataUnreachable(reason: String, pauseSeconds: Double)
    /// What was leased is of another term, or nothing.
    case leasesDropped(Term?, own: Term)
    case unitFailed(UnitIndex, StepIndex, reason: String)
}

/// Why a trainer has no coordinator.
package enum CoordinatorLoss: Hashable, Sendable {
    /// Its connection could not be made, or ended, in the words of whoever noticed.
    case line(String)
    case silent(seconds: Double)
    /// It may be welcome later.
    case refused(reason: String)
    case notForTrainers
    case olderTerm(Term, newest: Term)
}

/// Why a trainer's process ends.
package enum TrainerEnd: Hashable, Sendable {
    /// The run is finished, as the coordinator says.
    case finished(reason: String)
    case stopped(reason: String)
    case refused(reason: String)
    case dataMissing(reason: String)
    /// It ends with its coordinator.
    case coordinatorGone(CoordinatorLoss)
    case noCoordinator(seconds: Double, CoordinatorLoss)
}

/// Why what is under way at a trainer is given up.
package enum Abandonment: Hashable, Sendable {
    case trainerEnds
    case coordinatorAway
    case unitFailed
    case otherShardCount
    case otherAddress
}
