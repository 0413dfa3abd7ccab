import MawsBase
import MawsWire

/// One request that reads a shard's memory: numbered by the shell, never used twice.
package struct ShardRequest: Hashable, Comparable, Sendable {
    package var value: UInt64
    package init(_ value: UInt64) { self.value = value }
    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// One filling of a shard's memory. It grows with every new state, so that work begun on an older one is known as such.
package struct ShardGeneration: Hashable, Comparable, Sendable {
    package var value: UInt64
    package init(_ value: UInt64) { self.value = value }
    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// What happens to a shard's core. An announced payload is still on the wire; a received one is in memory.
package enum ShardEvent: Hashable, Sendable {
    // From the coordinator.
    case configured(ServerConfiguration)
    /// The number is that of the `configure` that it belongs to.
    case restoreAnnounced(RequestNumber, TensorSlice)
    case restoreReceived(ShardGeneration, TensorSlice)
    case restoreDone(RequestNumber, stage: StageIndex, step: StepIndex)
    case committed(Commit)
    /// It is copied before another order is obeyed: a commit changes slots where they are.
    case snapshotRequested(ShardRequest, TensorSlice)
    /// A checkpoint of this number is made of the version in force, beside the steps.
    case freeze(RequestNumber, stage: StageIndex, step: StepIndex)
    /// The checkpoint has this slice, or all that it needs.
    case sliceKept(RequestNumber, TensorSlice)
    case thaw(RequestNumber)
    /// A coordinator welcomed the shard: what an earlier connection asked for is not asked for any more.
    case welcomed
    /// The coordinator took this server's connection for tensors; it has none any more.
    case bulkOpened
    case bulkClosed

    // From trainers. A holder is the name in the trainer's certificate.
    case gatherRequested(ShardRequest, holder: String, stage: StageIndex, step: StepIndex, block: UInt32)
    case rowsRequested(ShardRequest, stage: StageIndex, step: StepIndex)
    case pushAnnounced(Push)
    case pushReceived(Push, ShardGeneration)
    case rowsAnnounced(UnitRows)
    case rowsReceived(UnitRows, ShardGeneration)

    /// The request was answered, or its connection is gone: it reads no memory any more.
    case requestEnded(ShardRequest)

    // The shell did what an action asked for.
    case stateOpened(ShardGeneration, step: StepIndex, hasReduced: Bool)
    case stateUnfit(ShardGeneration)
    /// Found at any time: what is in memory, or in the file that should be opened, is not what was written there.
    case stateDamaged(ShardGeneration, damage: String)
    case restoredSealed(ShardGeneration, step: StepIndex)
    case combined(ShardGeneration, block: Int, left: UnitTree.Sum)
    case blockStored(ShardGeneration, block: Int)
    case reducedSealed(ShardGeneration)
    case applied(ShardGeneration)

    /// Time passed; several times a second.
    case tick
}

/// Decided for whom the event came from, and done under the lock: another event may replace the state right after it.
package enum ShardLockedAction: Hashable, Sendable {
    // Payloads.
    /// Receive into a buffer, then say `pushReceived` or `rowsReceived`.
    case receive(ShardGeneration)
    /// Receive the payload into the slice's place, then say `restoreReceived`.
    case receiveSlice(ShardGeneration, TensorSlice)
    /// What was received counts: keep it, under this name.
    case keepGradient(UnitTree.Sum)
    case keepRows
    /// Nothing is lost by dropping it: the shard has it, or nobody needs it any more.
    case discard
    /// It is dropped although it may be needed: the connection's next flush is answered by `unavailable`.
    case lose(ShardLack)
    /// The sender breaks the protocol; its connection ends.
    case breakOff(ShardBreach)

    // Answers: of the memory, and under the term, of this moment.
    /// Send the slice of this version, then say `requestEnded`.
    case serve(ShardRequest, TensorSlice)
    /// The same of the frozen version, of which it is a copy that no update touches.
    case serveFrozen(ShardRequest, TensorSlice)
    /// Send the rows of these units, then `flushed`.
    case serveRows(ShardRequest, StageIndex, StepIndex, [UnitIndex])
    case decline(ShardRequest, ShardLack)
}

/// What a shard's core asks of its shell when the lock was let go, in this order.
package enum ShardAction: Hashable, Sendable {
    // Memory.
    /// Make an empty state for this configuration; `restore` fills it.
    case createState(ServerConfiguration, ShardGeneration)
    /// Take the state file's content for this configuration; answered by `stateOpened`, `stateUnfit` or
    /// `stateDamaged`.
    case openState(ServerConfiguration, ShardGeneration)
    /// Take the state of this generation out of memory and its file off the disk: it is damaged.
    case discardState(ShardGeneration, damage: String)
    /// Drop what came for the step after the version in force: sums, rows, a reduced gradient.
    case dropStep(ServerConfiguration, ShardGeneration)
    /// What was restored becomes the state, at this version; answered by `restoredSealed`.
    case sealRestored(ShardGeneration, step: StepIndex)
    /// Add `right`'s buffer into `left`'s and free it; answered by `combined`.
    case combine(ShardGeneration, block: Int, left: UnitTree.Sum, right: UnitTree.Sum)
    /// Free the buffer: the units in it are part of another.
    case drop(ShardGeneration, block: Int, UnitTree.Sum)
    /// Copy the buffer, the sum of all units, over the block's weights of the version before; answered by
    /// `blockStored`.
    case storeBlock(ShardGeneration, block: Int, UnitTree.Sum)
    /// The reduced gradient is whole; answered by `reducedSealed`.
    case sealReduced(ShardGeneration)
    /// Make the next version out of the reduced gradient, in its place; answered by `applied` or `stateDamaged`.
    case apply(Commit, ShardGeneration)

    /// From here on an update copies what it overwrites of this version, but for the slices that are released. Where
    /// that fails the copies are worth nothing and the update goes on. It takes the place of what was frozen before.
    case freeze(RequestNumber, StepIndex)
    /// The copy of the slice, if there is one, is needed no more.
    case release(RequestNumber, TensorSlice)
    /// No copy is.
    case thaw(RequestNumber)

    /// End the connections of these requests: they hold up a step by reading too slowly.
    case dropReaders([ShardRequest])
    /// To the coordinator. It may leave after what a later event brings about: it says of which state it speaks.
    case send(Message)
    /// Ask for the slices of a restore but the first ones, which are here, on the connection for tensors.
    case askRestore(Reply, received: Int)
    /// Send `reduced` to the coordinator, with the sums of squares.
    case report(Reply, StageIndex, StepIndex)
    /// The coordinator and this shard disagree: end that connection and start over from `hello`.
    case abandonCoordinator(CoordinatorConflict)
}

package typealias ShardActions = CoreActions<ShardLockedAction, ShardAction>
