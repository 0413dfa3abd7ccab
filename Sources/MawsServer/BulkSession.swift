import Foundation
import Logging
import MawsBase
import MawsProtocol
import MawsTransport
import MawsWire
import Synchronization

/// The connection to the coordinator on which tensors travel: it is opened beside the one for orders, and again for as
/// long as that one stands. Orders never wait for a slice on its way.
package final class BulkSession: Sendable {
    private static let dialSeconds = 10.0
    private static let pauseSeconds = 0.25
    private static let pauseSecondsMax = 1.0
    private static let unsentBytesMax = 1 << 20

    private struct State {
        var connection: (any ShardChannel)?
        /// Before the next connection, the last one having been refused.
        var pauseSeconds = BulkSession.pauseSeconds
        var isEnded = false
        var failure: (any Error)?
    }

    private let host: ShardHost
    /// The connection for orders.
    private let orders: any ShardChannel
    private let state = Mutex(State())

    package init(host: ShardHost, orders: any ShardChannel) { (self.host, self.orders) = (host, orders) }

    /// What this process cannot go on with, a full disk for instance; the connection for orders is ended then.
    var failure: (any Error)? { state.withLock { $0.failure } }

    func begin() { host.world.beside { [self] in turn() } }

    func end() {
        let connection = state.withLock { state in
            state.isEnded = true
            return state.connection
        }
        connection?.close()
    }

    private var isEnded: Bool { state.withLock { $0.isEnded } }

    /// One connection.
    ///
    /// - Returns: seconds until the next; nil: there is none.
    private func turn() -> Double? {
        if isEnded { return nil }
        var wasOpen = false
        do {
            try follow { wasOpen = true }
        } catch let error as TransportError {
            say("\(error)")
        } catch let error as ServerError {
            say("\(error)")
        } catch {
            state.withLock { ($0.failure, $0.isEnded) = (error, true) }
            orders.close()
        }
        return state.withLock { state in
            state.pauseSeconds = wasOpen ? Self.pauseSeconds : min(2 * state.pauseSeconds, Self.pauseSecondsMax)
            return state.isEnded ? nil : state.pauseSeconds
        }
    }

    private func say(_ reason: String) {
        if isEnded { return }
        host.remark("the connection for tensors ended and is opened again: \(reason)", by: "the coordinator")
    }

    /// One connection, from dialling to its end; throws why it ended.
    package func follow(whenOpen: () -> Void = {}) throws {
        let seconds = host.options.coordinatorTimeoutSeconds
        let connection = try host.world.dialTensors(Self.dialSeconds)
        defer { connection.close() }
        // A coordinator that does not read may be writing a slice to its disk: it has longer for that.
        connection.giveUp(afterSeconds: seconds)
        let isWanted = state.withLock { state in
            state.connection = connection
            return !state.isEnded
        }
        guard isWanted else { return }
        try connection.send(.bulk(origin: host.origin))
        switch try connection.receive(timeoutSeconds: seconds).message {
        case .welcome: whenOpen()
        case .refused(let reason, let mayTryAgain):
            throw ServerError.refused(
                address: "\(host.options.coordinator)", reason: reason, mayTryAgain: mayTryAgain)
        default: throw violation(connection, "it answered bulk with another message than welcome")
        }
        let outbox = connection.outbox(bytesMax: Self.unsentBytesMax)
        defer { outbox.end() }
        try host.open(outbox)
        defer { host.close(outbox) }
        while true { try obey(connection.receive(timeoutSeconds: seconds), connection) }
    }

    private func obey(_ incoming: Incoming, _ connection: any ShardChannel) throws {
        switch incoming.message {
        case .restore(let request, let slice):
            return try restore(request, slice, incoming.payloadCount, from: connection)
        case _ where incoming.payloadCount > 0:
            throw violation(connection, .noPayloadDue)
        case .heartbeat: break
        case .restoreDone(let request, let stage, let step):
            try settle(
                host.inTurn { try host.handle(.restoreDone(request, stage: stage, step: step)) }, connection)
        case .snapshot(let request, let slice): try answer(request, slice, over: connection)
        case .sliceKept(let request, let slice): try host.inTurn { try host.handle(.sliceKept(request, slice)) }
        case .refused(let reason, _): throw violation(connection, "it refuses this connection: \(reason)")
        default: throw violation(connection, .notForTensors)
        }
    }

    /// A slice comes for as long as it takes; whether it still counts then, the core says.
    private func restore(
        _ request: RequestNumber, _ slice: TensorSlice, _ payloadCount: Int, from connection: any ShardChannel
    ) throws {
        let verdict = try host.inTurn { try host.handle(.restoreAnnounced(request, slice)) }
        guard case .receiveSlice(let generation, _)? = verdict.first, let memory = host.memory(generation) else {
            try connection.discardPayload()
            return try settle(verdict, connection)
        }
        let target = memory.restoreTarget(slice)
        guard payloadCount == target.count else {
            throw violation(connection, "it restores \(payloadCount) bytes of a slice of \(target.count)")
        }
        if payloadCount > 0 { try connection.receivePayload(into: target) }
        memory.restored(slice)
        try host.inTurn { try host.handle(.restoreReceived(generation, slice)) }
    }

    private enum Answer {
        case slice(Reply, [UInt8])
        /// A copy that no order changes.
        case frozen(Reply, FrozenVersion)
        case declined(Reply, reason: String)
        /// The coordinator is told why on the connection for orders, which is ended then.
        case damaged
    }

    /// Orders wait for the copy of a slice and not for its way.
    private func answer(_ request: RequestNumber, _ slice: TensorSlice, over connection: any ShardChannel) throws {
        switch try host.inTurn({ try copy(request, slice, connection) }) {
        case .slice(let reply, let bytes): try send(bytes, of: slice, reply, over: connection)
        case .frozen(let reply, let frozen):
            let copy = Result { try frozen.bytes(of: slice) }
            switch copy {
            case .success(let bytes): try send(bytes, of: slice, reply, over: connection)
            case .failure(let error):
                host.logger.warning("version \(slice.step.value) was not kept for a checkpoint: \(error)")
                try connection.send(.unavailable(reply, "\(error)"))
            }
        case .declined(let reply, let reason): try connection.send(.unavailable(reply, reason))
        case .damaged: break
        }
    }

    private func send(
        _ bytes: [UInt8], of slice: TensorSlice, _ reply: Reply, over connection: any ShardChannel
    ) throws {
        try bytes.withUnsafeBytes { try connection.send(.snapshotSlice(reply, slice), payload: $0) }
    }

    private func copy(_ request: RequestNumber, _ slice: TensorSlice, _ connection: any ShardChannel) throws -> Answer {
        try host.withAnswer(connection, request, { .snapshotRequested($0, slice) }) { answer, reply in
            switch (answer.action, answer.memory, answer.frozen) {
            case (.serveFrozen, _, let frozen?) where !frozen.isFixed(slice): return .frozen(reply, frozen)
            case (.serve, let memory?, _), (.serveFrozen, let memory?, _):
                return try copy(of: slice, in: memory).map { .slice(reply, $0) } ?? .damaged
            case (.decline(_, let lack), _, _): return .declined(reply, reason: lack.sentence(of: host.options.shard))
            default: preconditionFailure("\(answer.action) is no answer")
            }
        }
    }

    private func copy(of slice: TensorSlice, in memory: ShardMemory) throws -> [UInt8]? {
        do {
            return Array(try memory.bytes(of: slice))
        } catch {
            try host.found(error, in: memory)
            return nil
        }
    }

    private func settle(_ actions: [ShardLockedAction], _ connection: any ShardChannel) throws {
        for case .breakOff(let breach) in actions { throw violation(connection, breach) }
    }

    private func violation(_ connection: any ShardChannel, _ breach: ShardBreach) -> ServerError {
        violation(connection, breach.sentence(at: host.options.shard))
    }

    private func violation(_ connection: any ShardChannel, _ reason: String) -> ServerError {
        .breach(peer: "the coordinator \(connection.peerName)", reason: reason)
    }
}

extension ShardHost {
    /// Orders are obeyed and slices copied one at a time, as each changes what the other works on. Nothing is sent or
    /// received meanwhile but short answers.
    @discardableResult
    func inTurn<Result>(_ body: () throws -> Result) rethrows -> Result {
        try turn.withLock { _ in try body() }
    }

    /// The coordinator took a connection for tensors, on which this is sent.
    func open(_ bulk: any ShardOutbox) throws {
        let actions = state.withLock { state in
            state.bulk = bulk
            return state.step(.bulkOpened)
        }
        try run(actions.unlocked)
    }

    /// It is no more, unless another one has taken its place.
    func close(_ bulk: any ShardOutbox) {
        state.withLock { state in
            guard state.bulk === bulk else { return }
            state.bulk = nil
            _ = state.step(.bulkClosed)
        }
    }
}
