import MawsBase
import MawsWire

/// One attempt to take a checkpoint. Each has a number of its own, that of its requests and of their answers, so that
/// nothing of an earlier one counts for it.
package struct CheckpointAttempt: Hashable, Comparable, Sendable {
    package var number: UInt64
    package init(_ number: UInt64) { self.number = number }
    package static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

/// The right to write one slice of one attempt to its place.
package struct SliceTicket: Hashable, Sendable {
    package var attempt: CheckpointAttempt
    package var peer: PeerID
    package var slice: TensorSlice
    /// Elements of the slice's block.
    package var range: Range<Int>
}

/// What happens to the core of checkpoints.
package enum CheckpointEvent: Sendable {
    /// The servers are at this position, and the shell has made a place for the checkpoint.
    case begun(RunPosition, table: BlockTable, servers: [PeerID: ShardIdentity])
    /// The slice of a ticket is where it belongs.
    case written(SliceTicket)
    /// A slice could not be received or written.
    case failed(CheckpointAttempt, CheckpointFailure)
    case peerLost(PeerID)
    /// The connection ended before the slice of a ticket was there.
    case interrupted(SliceTicket)
    /// A server has another connection for tensors.
    case lineOpened(PeerID)
    /// Everything is durable and has its name.
    case sealed(CheckpointAttempt)
}

/// Why a checkpoint was not taken.
package enum CheckpointFailure: Hashable, Sendable {
    case serverLost
    /// It could not be written, in the words of the system.
    case storage(String)
}

/// What the shell does when it has let its lock go, in this order.
package enum CheckpointAction: Hashable, Sendable {
    /// Ask the server for a slice of the version that it is at.
    case ask(PeerID, CheckpointAttempt, TensorSlice)
    /// Hash all that was written, make it durable, give it its name, make room; then say `sealed`. Where that fails
    /// the run ends.
    case seal(CheckpointAttempt)
    /// Remove what was written.
    case abandon(CheckpointAttempt)
    /// Tell the coordinator's core.
    case taken(RunPosition)
    /// The same where a server was lost; a disk that takes no checkpoint ends the run.
    case notTaken(RunPosition, CheckpointFailure)
}

/// What becomes of a slice that a server announces. Decided under the shell's lock, before any of it is read.
package enum SliceVerdict: Hashable, Sendable {
    /// Nobody asks for it, or has it already: it takes no memory.
    case discard
    /// It has another size than its place: the peer is at fault.
    case misfit(byteCountDue: Int)
    case take(SliceTicket)
}
