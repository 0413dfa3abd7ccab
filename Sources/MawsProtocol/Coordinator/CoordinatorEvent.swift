import MawsBase
import MawsWire

/// One living connection to the coordinator. A process that comes back gets a new one.
package struct PeerID: Hashable, Comparable, Sendable {
    package var value: UInt64
    package init(_ value: UInt64) { self.value = value }
    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// What happens to the coordinator's core.
package enum CoordinatorEvent: Sendable {
    case serverJoined(PeerID, name: String, ServerHello)
    /// A server that is about to join knows a term that is greater than the present one.
    case newerTermKnown(Term, name: String)
    /// A trainer said hello; it may not lease before it is `trainerReady`.
    case trainerJoined(PeerID, name: String, certificate: String = "")
    /// The trainer opened its data and its compute profile fits the run.
    case trainerReady(PeerID)
    case peerLost(PeerID, PeerLoss)
    /// `shares` as in `Message.leaseRequest`.
    case leaseRequested(PeerID, shares: [UInt8] = [])
    case unitDone(PeerID, UnitDone)
    case unitFailed(PeerID, UnitFailed)
    /// A trainer sent what is wrong by itself, whatever others say.
    case misbehaved(PeerID, TrainerFault)
    case restored(PeerID, Reply, RunPosition)
    case reduced(PeerID, Reduced)
    case applied(PeerID, Reply, RunPosition)
    /// The shell made the first checkpoint of the stage, and the position is durable.
    case stagePrepared(StageIndex)
    /// The shell decided the commit and made it durable.
    case decided(Commit)
    case checkpointTaken(RunPosition)
    case checkpointFailed(RunPosition, CheckpointFailure)
    /// A server cannot be restored from the checkpoint at this position: it is not what was written.
    case checkpointDamaged(RunPosition)
    /// The stage that is prepared cannot start from the final checkpoint of this one, which is damaged or gone.
    case sourceDamaged(StageIndex)
    /// The shell found a whole checkpoint, or made a stage's first again; the answer to `findCheckpoint`.
    case checkpointFound(RunPosition)
    /// Stop as soon as a checkpoint is taken.
    case stopRequested
    case tick
}

/// What the shell has to do, in this order.
package enum CoordinatorAction: Hashable, Sendable {
    case send(PeerID, Message)
    /// The peer is let in.
    case welcome(PeerID)
    /// Tell the peer why, and close its connection.
    case refuse(PeerID, AdmissionRefusal)
    /// Send `configure` for the current stage.
    case configure(PeerID, keepsState: Bool, keepsStep: Bool = true)
    /// Stream the slices of the checkpoint at this position to the server, then `restoreDone`.
    case restore(PeerID, RunPosition)
    /// Forget the commits at and after this position: they are computed again from the checkpoint.
    case rollBack(RunPosition)
    /// Look for the newest whole checkpoint of this stage up to `step`, or prepare the stage again where none is, then
    /// say `checkpointFound`; `sourceDamaged` where the stage that it starts from has to be found first.
    case findCheckpoint(StageIndex, upTo: StepIndex)
    /// Make the first checkpoint of this stage and the position durable, then say `stagePrepared`.
    case prepareStage(StageIndex)
    /// Ask the `CommitRule`, make what it says durable, then say `decided`. Losses in the order of units, reports in
    /// that of shards.
    case decide(RunPosition, losses: [Double], reports: [Reduced])
    /// Collect the slices of the version that all servers are at, then say `checkpointTaken` or `checkpointFailed`.
    /// `isBeside`: steps go on meanwhile, so that the servers are told to keep it before the next action.
    case takeCheckpoint(RunPosition, isBeside: Bool)
    /// The checkpoint that is under way is given up, unless all of its slices are here; either is said as ever.
    case giveUpCheckpoint
    /// A unit's work counted: keep its result and its skipped samples. Duplicates never get here.
    case record(UnitDone, trainer: String)
    /// Make it durable that the run passes this sample over, and the term that counts from now on; end the run instead
    /// when the stage's limit is passed.
    case excludeSample(ExcludedSample, term: Term)
    /// Make it durable that this term counts from now on.
    case keepTerm(Term)
    /// All servers serve the version after this step.
    case stepFinished(RunPosition, loss: Double)
    case stageFinished(StageIndex)
    case runFinished
    /// The run cannot go on.
    case runFailed(RunFact)
    /// The run stops here at a user's word; everything committed is in the checkpoint.
    case runStopped
    /// Tell people.
    case note(RunFact)
    /// A note on what a peer brought about: there may be many.
    case remark(PeerID, RunFact)
    /// The same of what a peer did wrong: no number of other remarks hides it.
    case fault(PeerID, RunFact)
}
