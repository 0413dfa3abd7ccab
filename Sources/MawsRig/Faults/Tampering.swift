import MawsBase
import MawsProtocol
import MawsWire

/// What stands between cores and their shells: nothing at all, or one mistake on purpose that the oracle has to find.
struct Tampering {
    var mutation: Mutation?

    func coordinator(_ core: inout CoordinatorCore, _ event: CoordinatorEvent, _ now: Moment) -> [CoordinatorAction] {
        core.step(event, now: now)
    }

    func shard(_ core: inout ShardCore, _ event: ShardEvent, _ now: Moment) -> ShardActions {
        core.step(event, now: now)
    }

    func session(_ actions: [SessionAction]) -> [SessionAction] { actions }

    func exchange(_ core: inout ExchangeCore, _ event: ExchangeEvent, _ now: Moment) -> ExchangeActions {
        core.step(event, now: now)
    }

    func sum(_ left: [Cell], _ right: [Cell]) -> [Cell] { zip(left, right).map { $0 + $1 } }

    func fromServer(_ message: Message) -> Message { message }
    func fromCoordinator(_ message: Message) -> Message { message }
    func fromTrainer(_ message: Message) -> Message { message }
    func flushed(_ answer: FlushAnswer, _ flush: Flush) -> FlushAnswer { answer }
    func slice(_ verdict: SliceVerdict, _ slice: TensorSlice, _ attempt: CheckpointAttempt) -> SliceVerdict { verdict }

    /// When a write is there, and when it is said to be.
    func writeMoments(_ seconds: Double, _ isEarly: Bool) -> (kept: Double, done: Double) {
        (isEarly ? seconds / 2 : seconds, seconds)
    }
}

/// A mistake that is made on purpose.
package enum Mutation: String, CaseIterable, Sendable {
    case sumInOrderOfArrival
}
