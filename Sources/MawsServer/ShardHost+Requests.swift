import Foundation
import Logging
import MawsBase
import MawsProtocol
import MawsSum
import MawsTensor
import MawsTransport
import MawsWire
import Synchronization

/// What connections ask of the shard.
extension ShardHost {
    /// Asks the core to read memory, waits for its answer and keeps the memory readable until `body` is through.
    ///
    /// - Parameter number: what the answer has to say, beside the term that was in force when the core decided on it.
    func withAnswer<Result>(
        _ connection: any ShardChannel, _ number: RequestNumber, _ event: (ShardRequest) -> ShardEvent,
        _ body: (PendingRequest.Answer, Reply) throws -> Result
    ) throws -> Result {
        let pending = PendingRequest(connection)
        let (request, actions) = state.withLock { state in
            let request = ShardRequest(state.nextRequest)
            state.nextRequest += 1
            state.requests[request] = pending
            return (request, state.step(event(request)))
        }
        try run(actions.unlocked)
        let answer = pending.wait()
        let result = Swift.Result { try body(answer, Reply(term: answer.term, request: number)) }
        state.withLock { $0.requests[request] = nil }
        try handle(.requestEnded(request))
        return try result.get()
    }

    func rows(of units: [UnitIndex]) -> [(UnitIndex, [UInt8])] {
        state.withLock { state in units.compactMap { unit in state.sharedRows[unit].map { (unit, $0) } } }
    }

    func count(_ change: (inout Traffic) -> Void) { state.withLock { change(&$0.traffic) } }

    func greeting() -> (term: Term, runID: String) {
        state.withLock { ($0.core.term, $0.memory?.configuration.runID ?? "") }
    }

    /// What an answer to this request says, under the term that is in force now.
    func reply(to request: RequestNumber) -> Reply { Reply(term: greeting().term, request: request) }

    /// Time for the core. After what this throws the state cannot be trusted any more.
    package func tick() throws {
        try handle(.tick)
        let violations = state.withLock { $0.core.violations() }
        guard violations.isEmpty else { throw ServerError.disorder(violations) }
    }
}
