import MawsBase
import MawsWire

/// The place of one connection: which shard it leads to, and what travels on it.
package struct ExchangeLine: Hashable, Comparable, Sendable {
    package enum Purpose: UInt8, Hashable, CaseIterable, Sendable {
        case gather, push
    }

    package var shard: Int
    package var purpose: Purpose

    package init(shard: Int, purpose: Purpose) { (self.shard, self.purpose) = (shard, purpose) }

    package static func < (left: Self, right: Self) -> Bool {
        (left.purpose.rawValue, left.shard) < (right.purpose.rawValue, right.shard)
    }
}

/// What belongs together and fails as a whole: a block that is gathered, a unit that is pushed, the rows of a step.
/// Numbered by the shell, never twice.
package struct ExchangeTask: Hashable, Comparable, Sendable {
    package var number: UInt64
    package init(_ number: UInt64) { self.number = number }
    package static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

/// What is sent to a shard.
package enum ExchangeQuestion: Hashable, Sendable {
    case gather(stage: StageIndex, step: StepIndex, block: UInt32)
    case gatherRows(stage: StageIndex, step: StepIndex)
    case push(Push)
    case shareRows(UnitRows, LeaseGrant)
    case flush(Flush)

    package var purpose: ExchangeLine.Purpose {
        switch self {
        case .gather, .gatherRows: .gather
        case .push, .shareRows, .flush: .push
        }
    }

    /// What is not answered is believed only when a flush is.
    package var isAnswered: Bool {
        switch self {
        case .gather, .gatherRows, .flush: true
        case .push, .shareRows: false
        }
    }

    func message(_ request: RequestNumber) -> Message {
        switch self {
        case .gather(let stage, let step, let block): .gather(request, stage: stage, step: step, block: block)
        case .gatherRows(let stage, let step): .gatherRows(request, stage: stage, step: step)
        case .push(let push): .push(push)
        case .shareRows(let unitRows, let grant): .shareRows(unitRows, grant)
        case .flush(let flush): .flush(request, flush)
        }
    }
}

/// What happens to a trainer's exchange with the shards.
package enum ExchangeEvent: Sendable {
    // From the trainer's session.
    case rosterChanged(Roster, term: Term, runID: String)
    /// Nobody wants what is under way any more; the next request finds fresh connections.
    case dropped(Abandonment)
    case ended

    // From the thread that computes.
    case opened(ExchangeTask, ExchangeLine.Purpose)
    /// `byteCount`: of a payload that is sent.
    case asked(ExchangeTask, shard: Int, ExchangeQuestion, byteCount: Int)
    /// Nothing more is asked in this task: it is done when all is answered.
    case closed(ExchangeTask)
    /// All of the unit was asked to be sent: it is done when every shard has given its receipt.
    case flushWanted(ExchangeTask, Flush)
    case forgotten(ExchangeTask)

    /// From a line's thread. What belongs to another connection than the newest is of no interest any more.
    case line(ExchangeLine, connection: UInt64, LineEvent)
    /// Time passed, about once a second. The pulses are of all connections.
    case tick([ExchangeLine: LinkPulse])
}

package enum LineEvent: Hashable, Sendable {
    /// Dialed, greeted and welcomed.
    case connected
    case notConnected(reason: String)
    /// A request is with the network, its payload too.
    case sent(RequestNumber)
    /// A message came; its payload, if it has one, is not read yet.
    case announced(Message)
    /// The payload of an answer is in its place.
    case read(RequestNumber)
    case broken(reason: String)
    /// What the shard says of this connection on another one; nil where it did not say. The pulses are from before it
    /// was asked and after it answered.
    case judged(LinkState?, before: LinkPulse, after: LinkPulse)
}

/// What a line's thread does, in this order. It drops an order for another connection than the one that it has.
package enum LineOrder: Hashable, Sendable {
    case dial
    /// The payload of the request follows the message.
    case send(RequestNumber, Message)
    /// Wait for a message; a payload of the last one that was not read is dropped first.
    case receive
    /// Read the payload of the last message to where the request wants it.
    case read(RequestNumber)
}

/// Done under the lock.
package enum ExchangeLockedAction: Hashable, Sendable {
    /// What was asked is this request: it keeps its payload, or the place of its answer's.
    case keep(RequestNumber)
    /// The request needs neither any more. `isSent`: the payload's memory is free again.
    case release(RequestNumber, isSent: Bool)
    case order(ExchangeLine, connection: UInt64, LineOrder)
    case finished(ExchangeTask, ExchangeResult)
}

/// Done after the lock was let go.
package enum ExchangeAction: Hashable, Sendable {
    /// Ends the connection, which wakes its thread.
    case close(ExchangeLine, connection: UInt64)
    /// Ask the shard on another connection what it knows of this one, then say `judged`.
    case ask(ExchangeLine, connection: UInt64)
}

package typealias ExchangeActions = CoreActions<ExchangeLockedAction, ExchangeAction>

package enum ExchangeResult: Hashable, Sendable {
    case done(FlushOutcome)
    case failed(ExchangeFailure)
}

/// What the shards say to all that was sent of a unit.
package struct FlushOutcome: Hashable, Sendable {
    /// Whether they took it.
    package var isFinite = true
    /// Their receipts as one.
    package var receipt = AuthenticationCode.none

    package init(isFinite: Bool = true, receipt: AuthenticationCode = .none) {
        (self.isFinite, self.receipt) = (isFinite, receipt)
    }
}

/// Why a task failed, as facts.
package enum ExchangeFailure: Error, Hashable, Sendable {
    case noRoster
    case noAddress(shard: Int)
    /// The shard could not be dialed or did not welcome this trainer, for this reason.
    case unreachable(shard: Int, reason: String)
    case lineBroken(shard: Int, LineBreak)
    /// The shard does not have the connection, or nothing of it arrives.
    case lineDead(shard: Int)
    case refused(shard: Int, reason: String)
    case unavailable(shard: Int, reason: String)
    /// It answered under another term than this trainer's.
    case otherTerm(shard: Int, Term, own: Term)
    /// It answered what was not asked.
    case unexpected(shard: Int, awaited: ExchangeQuestion)
    /// It did not answer this in time.
    case silent(shard: Int, awaited: ExchangeQuestion)
    /// Nothing at all moved.
    case stuck(ExchangeLine.Purpose)
    case abandoned(Abandonment)
}

/// How a line to a shard broke.
package enum LineBreak: Hashable, Sendable {
    /// In the words of whoever noticed.
    case line(String)
    case answeredUnasked
    case silent
}

/// How long the exchange waits for what.
package struct ExchangeSettings: Hashable, Sendable {
    package var connectSeconds: Double
    /// For the next message of a shard that owes an answer.
    package var answerSeconds: Double
    /// A question whose connection breaks is asked again on another one, so often at most.
    package var asksMax: Int

    package init(connectSeconds: Double, answerSeconds: Double, asksMax: Int = 2) {
        (self.connectSeconds, self.answerSeconds, self.asksMax) = (connectSeconds, answerSeconds, asksMax)
    }

    /// How long nothing at all may move: more than any line takes to find out that its shard is silent.
    package var stuckSeconds: Double { connectSeconds + 2 * answerSeconds }
}
