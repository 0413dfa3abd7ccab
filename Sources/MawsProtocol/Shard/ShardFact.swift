import MawsBase
import MawsWire

/// Why a shard has not, or does not take, what a trainer or the coordinator asks of it: facts, of which the server
/// makes sentences.
package enum ShardLack: Hashable, Sendable {
    /// Nobody has told it yet what to hold.
    case noState
    /// It was given a new state meanwhile.
    case otherState
    /// It has lost its state.
    case lostState
    case otherStep(own: RunPosition, sent: RunPosition)
    case otherTerm(own: Term, sent: Term)
    case noBlock(UInt32)
    case noPart(WeightPart, block: UInt32)
    case noVersion(StepIndex, newest: StepIndex)
    /// It was waited for in vain.
    case lateVersion(StepIndex, seconds: Double)
    case noRows(StepIndex)
    case noMemory
    /// It has not all of the units of a flush.
    case noUnits(Flush)
}

/// How a peer of a shard breaks the protocol.
package enum ShardBreach: Hashable, Sendable {
    // By anybody.
    case noPayloadDue
    case notForServers

    // By a trainer.
    case notDue
    case noHello
    case otherVersion
    /// It pushes what no plan has.
    case noSuchUnits(Push)
    case noSuchRows(UnitRows, byteCount: Int)
    /// Nothing of these units was leased to it.
    case pushNotLeased(Push)
    case rowsNotLeased(UnitRows)
    case flushNotLeased(Flush)

    // By the coordinator.
    case notForOrders
    case notForTensors
    case foreignSlice
    case endWithoutRestore
    case endWithout(WeightPart, block: String)
    case endAtOtherStep
}

/// Why a shard and its coordinator cannot go on together.
package enum CoordinatorConflict: Hashable, Sendable {
    /// It committed under another term or stage than it configured.
    case foreignCommit
    case otherCommit(StepIndex, own: StepIndex, isReduced: Bool)
    case olderTerm(Term, newest: Term)
    /// The state file is not of the stage that it should be kept for.
    case unfitState
    /// In the words of the file.
    case damagedState(String)
}
