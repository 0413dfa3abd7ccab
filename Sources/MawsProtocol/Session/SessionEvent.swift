import MawsBase
import MawsWire

/// What a trainer sends a shard with a payload.
package enum Upload: Hashable, Sendable {
    case push(Push)
    case shareRows(UnitRows, LeaseGrant)

    package var announcement: ShardEvent {
        switch self {
        case .push(let push): .pushAnnounced(push)
        case .shareRows(let unitRows, _): .rowsAnnounced(unitRows)
        }
    }

    package func arrival(_ generation: ShardGeneration) -> ShardEvent {
        switch self {
        case .push(let push): .pushReceived(push, generation)
        case .shareRows(let unitRows, _): .rowsReceived(unitRows, generation)
        }
    }
}

/// What happens to a shard's session with one trainer. Each answers what the session asked for last.
package enum SessionEvent: Sendable {
    /// A message came; its payload is still on the wire.
    case received(Message, payloadCount: Int)
    /// What the shard says to a payload that is announced, and whether the trainer's lease is for it.
    case judged(ShardLockedAction, isLeased: Bool, sharedRows: SharedRowsShape)
    case memory(isThere: Bool)
    /// The payload is in memory.
    case payload(isFinite: Bool)
    /// What the shard says to a payload that is in memory.
    case settled([ShardLockedAction])
    /// What the shard says to whoever gathers weights or rows.
    case answered(ShardLockedAction, Reply)
    case flushed(FlushAnswer, Reply)
}

/// What a session asks of its shell, in this order.
package enum SessionAction: Hashable, Sendable {
    /// The greeting is right: keep its origin, and say welcome.
    case welcome(Hello)
    /// Ask the shard's core, with what it says under one lock: answered by `judged`, `settled`, `answered`, `flushed`.
    case announce(Upload)
    case deliver(Upload, ShardGeneration)
    case gather(RequestNumber, stage: StageIndex, step: StepIndex, block: UInt32)
    case gatherRows(RequestNumber, stage: StageIndex, step: StepIndex)
    case confirm(RequestNumber, Flush)
    /// Take a buffer for the payload, waiting a little where none is free; answered by `memory`.
    case takeMemory(Push, payloadCount: Int)
    /// Read the payload into memory; answered by `payload`.
    case receive(Upload, payloadCount: Int)
    /// Give the payload's buffer back.
    case free
    case discardPayload
    /// The shard has it, or nobody needs it any more.
    case countDuplicate
    case send(Message)
    case decline(Reply, ShardLack)
    case sendSlice(Reply, TensorSlice)
    /// The rows of these units, then `flushed`.
    case sendRows(Reply, StageIndex, StepIndex, [UnitIndex])
    /// Say what is known of the connection with this origin.
    case sendLinkState(UInt64)
    /// Tell the trainer why, and end the connection.
    case refuse(ShardBreach)
    /// End the connection: the trainer broke the protocol.
    case end(ShardBreach)
}
