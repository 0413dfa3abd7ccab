import Foundation
import Logging
import MawsBase
import MawsOptimizer
import MawsProtocol
import MawsState
import MawsSum
import MawsTensor
import MawsTransport
import MawsWire
import Synchronization

/// Runs a shard's core against its memory, for the threads of all connections.
///
/// The core and the buffers are behind one lock; adding, copying, applying and sending happen outside of it, on the
/// thread whose event asked for them.
package final class ShardHost: Sendable {
    struct BufferKey: Hashable {
        var generation: ShardGeneration
        var block: Int
        var sum: UnitTree.Sum
    }

    struct State {
        let now: @Sendable () -> Moment
        var core: ShardCore
        /// Content of the state file until it is taken or replaced.
        var found: StateFile?
        var memory: ShardMemory?
        /// What a checkpoint is made of.
        var frozen: FrozenVersion?
        var generation = ShardGeneration(0)
        var buffers: [BufferKey: PackedSum] = [:]
        var sharedRows: [UnitIndex: [UInt8]] = [:]
        /// Sums of squares of the reduced gradient, by block.
        var squares: [[Double]] = []
        var requests: [ShardRequest: PendingRequest] = [:]
        var nextRequest: UInt64 = 1
        var coordinator: (any ShardChannel)?
        /// What is on its way to the coordinator on the connection for tensors, slices left out.
        var bulk: (any ShardOutbox)?
        /// What the coordinator was not told yet: why this server has not the state that it had.
        var untoldLoss: String?
        var traffic = Traffic()
    }

    /// Since the last report, and since the start.
    struct Traffic {
        var bytesPushed: UInt64 = 0
        var bytesGathered: UInt64 = 0
        var duplicates: UInt64 = 0
    }

    let options: ServerOptions
    let world: ServerWorld
    let logger: Logger
    /// Shared by all connections' threads.
    let threads: UpdateThreads
    let state: Mutex<State>
    /// See `inTurn`.
    let turn = Mutex<Void>(())
    let remarks = Mutex(RepeatedLines())
    /// What the coordinator knows this process by.
    package let origin = Origin.fresh()

    /// - Parameter loss: why there is no state where there might be one.
    package init(
        options: ServerOptions, found: StateFile?, loss: String?, logger: Logger, world: ServerWorld
    ) {
        (self.options, self.world) = (options, world)
        self.logger = logger
        threads = UpdateThreads(threads: options.threads)
        let hello = found.map { found in
            let content = found.content
            return ServerHello(
                shard: content.shard, host: "", port: 0, runID: content.runID, stage: content.stage,
                step: content.step, hasReduced: content.hasReduced)
        }
        let core = ShardCore(shard: options.shard, found: hello)
        state = Mutex(State(now: world.now, core: core, found: found, untoldLoss: loss))
    }

    /// Steps the core and does what it asks for.
    ///
    /// - Returns: what becomes of a payload.
    @discardableResult
    func handle(_ event: ShardEvent, received: ReceivedPayload = .none) throws -> [ShardLockedAction] {
        let actions = state.withLock { $0.step(event, received: received) }
        try run(actions.unlocked)
        return actions.locked
    }

    /// Does these actions, and those that follow from them. Not under the lock.
    func run(_ actions: [ShardAction]) throws {
        var queue = actions
        while !queue.isEmpty {
            let action = queue.removeFirst()
            switch action {
            case .dropReaders(let requests):
                drop(requests)
            case .send(let message):
                send(message)
            case .askRestore(let reply, let received):
                state.withLock { $0.bulk }?.put(.restoreRequest(reply, received: UInt32(received)))
            case .report(let reply, let stage, let step):
                report(reply, stage, step)
            case .abandonCoordinator(let conflict):
                abandonCoordinator(conflict)
            default:
                guard let event = try work(action) else { continue }
                queue += state.withLock { $0.step(event) }.unlocked
            }
        }
    }

    // MARK: - Talking

    /// To the coordinator. When it is away the next `hello` says what it needs to know.
    private func send(_ message: Message) {
        guard let coordinator = state.withLock({ $0.coordinator }) else { return }
        do {
            try coordinator.send(message)
        } catch {
            coordinator.close()
        }
    }

    /// Tells the coordinator why, for the log that people read, and ends the connection.
    private func abandonCoordinator(_ conflict: CoordinatorConflict) {
        logger.warning("ended the connection with the coordinator: \(conflict)")
        send(.unavailable(state.withLock { $0.core.reply }, "\(conflict)"))
        state.withLock { $0.coordinator }?.close()
    }

    private func report(_ reply: Reply, _ stage: StageIndex, _ step: StepIndex) {
        let reduced = state.withLock { state in
            defer {
                state.traffic.bytesPushed = 0
                state.traffic.bytesGathered = 0
            }
            return Reduced(
                reply, stage: stage, step: step, chunkSquares: state.squares.flatMap { $0 },
                bytesPushed: state.traffic.bytesPushed, bytesGathered: state.traffic.bytesGathered)
        }
        send(.reduced(reduced))
    }

    private func drop(_ requests: [ShardRequest]) {
        let connections = state.withLock { state in requests.compactMap { state.requests[$0]?.connection } }
        for connection in connections {
            remark(
                "\(connection.peerName) reads too slowly and holds up a step; its connection is ended",
                by: connection.peer.name)
            connection.close()
        }
    }

    /// A line about what a trainer brings about: the log is not theirs.
    func remark(_ sentence: String, by source: String) {
        let line = remarks.withLock { $0.add(sentence, from: source, now: world.now()) }
        if let line { logger.warning("\(line)") }
    }
}

/// What was received for an event: it is kept in the step that decides that it counts.
enum ReceivedPayload {
    case none
    case gradient(PackedSum, ShardGeneration, block: Int)
    case shareRows(UnitIndex, [UInt8])
}

extension ShardHost.State {
    /// Steps the core and does what belongs under the lock. The rest is the caller's, after it.
    mutating func step(_ event: ShardEvent, received: ReceivedPayload = .none) -> ShardActions {
        let actions = core.step(event, now: now())
        for action in actions.locked { perform(action, received) }
        return actions
    }

    private mutating func perform(_ action: ShardLockedAction, _ received: ReceivedPayload) {
        switch (action, received) {
        case (.keepGradient(let sum), .gradient(let gradient, let generation, let block)):
            buffers[ShardHost.BufferKey(generation: generation, block: block, sum: sum)] = gradient
        case (.keepRows, .shareRows(let unit, let rows)): sharedRows[unit] = rows
        case (.serve(let request, _), _) where memory == nil:
            answer(request, .decline(request, .lostState))
        case (.serveFrozen(let request, let slice), _) where frozen == nil:
            answer(request, .decline(request, .noPart(slice.part, block: slice.block)))
        case (.serve(let request, _), _), (.serveFrozen(let request, _), _), (.serveRows(let request, _, _, _), _),
            (.decline(let request, _), _):
            answer(request, action)
        default: break
        }
    }

    /// With the memory and the term of this moment: a new state may replace it before the answer is sent.
    private func answer(_ request: ShardRequest, _ action: ShardLockedAction) {
        requests[request]?.answer(
            PendingRequest.Answer(action: action, memory: memory, frozen: frozen, term: core.term))
    }
}

/// A request whose connection's thread waits for the core's answer.
final class PendingRequest: @unchecked Sendable {
    struct Answer {
        let action: ShardLockedAction
        let memory: ShardMemory?
        let frozen: FrozenVersion?
        let term: Term
    }

    let connection: any ShardChannel
    private let semaphore = DispatchSemaphore(value: 0)
    /// Written once before the semaphore is signalled, read after.
    private var result: Answer?

    init(_ connection: any ShardChannel) { self.connection = connection }

    func answer(_ answer: Answer) {
        result = answer
        semaphore.signal()
    }

    /// Waits as long as the core lets requests wait.
    func wait() -> Answer {
        semaphore.wait()
        guard let result else { preconditionFailure("signalled without an answer") }
        return result
    }
}
