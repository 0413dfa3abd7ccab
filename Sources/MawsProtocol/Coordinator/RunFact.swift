import MawsBase

/// What happened in a run that people are told of: facts, of which the report layer makes sentences.
package enum RunFact: Hashable, Sendable {
    case serverJoined(name: String, ShardIdentity)
    /// The step waits for the shard.
    case serverLeft(name: String, ShardIdentity, PeerLoss)
    /// A server's state is gone, or not of the present step.
    case stateGone
    /// A server knows a term that is above all in the run's records, whose newest is `recorded`.
    case newerTerm(Term, knownBy: String, recorded: Term, taken: Term)
    /// A sample of the step is excluded from now on.
    case stepStartsOver(StepIndex)
    case checkpointNotTaken(StepIndex, CheckpointFailure)
    /// Another is due, and is taken when this one is done.
    case checkpointLate(due: StepIndex, underWay: StepIndex)

    case trainerJoined(name: String)
    case trainerLeft(name: String, PeerLoss)
    /// A trainer gave a unit back, with its words.
    case unitReturned(by: String?, reason: String)
    /// `isBelieved`: all say so who computed it.
    case unitNotFinite(UnitIndex, StepIndex, by: String?, isBelieved: Bool)
    /// What a trainer was leased is given to others, as it has not answered in time.
    case leasesOver(of: String?)
    case trainerSetAside(name: String, TrainerFault, seconds: Double)

    /// All units were given back, so often in a row; the last one with these words.
    case nothingComputed(tries: Int, lastReason: String)
}

/// What a trainer did wrong.
package enum TrainerFault: Codable, Hashable, Sendable {
    /// It asks for more and has not answered for what it was leased.
    case asksWithoutAnswer
    /// It says that a unit is done which the shards do not have.
    case unitMissing(unit: UInt32, step: UInt64)
    /// It gives back what others compute; the last unit with these words.
    case returnsUnits(count: Int, lastReason: String)
    /// It says that a unit is not finite which is where the other computes it.
    case falseNonFinite(unit: UInt32, step: UInt64, finiteAt: String?)
    /// Another one with its certificate did something wrong just now.
    case certificate
    case unitOfNoStage
    /// What is wrong with the result, in the words of its stage.
    case falseResult(unit: UInt32, stage: String, what: String)
    /// It cannot get a sample that no split has.
    case sampleOfNoSplit(index: UInt64)
    /// It alone finds more unreadable samples than the run may skip.
    case unreadableSamples(own: Int, others: Int)
}

/// Why a peer is not there any more.
package enum PeerLoss: Hashable, Sendable {
    /// Its connection ended, in the words of whoever noticed.
    case line(String)
    case replaced(ReplacementReason)
    case silent(seconds: Double)
    /// It has not what a checkpoint is made of, in its own words.
    case lacksSlice(String)
    /// It was looked for where trainers reach it.
    case gone(LineRule.Loss, silentSeconds: Double, at: NetworkAddress)
}
