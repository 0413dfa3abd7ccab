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
    /// The servers are at this position, and the shell has made a place for the checkpoint. `isBeside`: steps go on
    /// meanwhile, so that the servers are told to keep this version readable.
    case begun(RunPosition, table: BlockTable, servers: [PeerID: ShardIdentity], isBeside: Bool)
    /// The slice of a ticket is where it belongs.
    case written(SliceTicket)
    /// A slice could not be received or written.
    case failed(CheckpointAttempt, CheckpointFailure)
    case peerLost(PeerID)
    /// A server says, in its words, that it has not what this attempt asks of it.
    case declined(PeerID, CheckpointAttempt, String)
    /// Another checkpoint is wanted before this one, unless all of its slices are here.
    case withdrawn
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
    /// A server had not kept the version any more, in its own words.
    case lacking(String)
    /// The run wants another one first: the last of the stage, or of a stopped run.
    case overtaken
    /// It could not be written, in the words of the system.
    case storage(String)
}

/// What the shell does when it has let its lock go, in this order.
package enum CheckpointAction: Hashable, Sendable {
    /// Tell the server to keep the version that it is at readable; before the next commit leaves.
    case freeze(PeerID, CheckpointAttempt, RunPosition)
    /// Ask the server for a slice of that version.
    case ask(PeerID, CheckpointAttempt, TensorSlice)
    /// Tell the server that the slice is in its place.
    case kept(PeerID, CheckpointAttempt, TensorSlice)
    /// Tell the server that nothing more is needed.
    case thaw(PeerID, CheckpointAttempt)
    /// Take the server for lost: it is not where the run is, as it says in these words.
    case lose(PeerID, String)
    /// Hash all that was written, make it durable, give it its name, make room; then say `sealed`. Where that fails
    /// the run ends.
    case seal(CheckpointAttempt)
    /// Remove what was written.
    case abandon(CheckpointAttempt)
    /// Tell the coordinator's core.
    case taken(RunPosition)
    /// The same; a disk that takes no checkpoint ends the run.
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
