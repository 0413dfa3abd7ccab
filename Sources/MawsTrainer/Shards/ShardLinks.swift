import Foundation
import MawsBase
import MawsProtocol
import MawsTransport
import MawsWire

/// The exchange with all shards: its core behind a lock, a thread a line, and the buffers that travel.
package final class ShardLinks: Sendable {
    private struct State {
        var core: ExchangeCore
        var roster = Roster(servers: [])
        var greeting: ShardGreeting?
        var workers: [ExchangeLine: LineWorker] = [:]
        var payloads: [RequestNumber: ShardPayload] = [:]
        var results: [ExchangeTask: ExchangeResult] = [:]
        var taskCount: UInt64 = 0
        var isEnded = false
    }

    let timeouts: ShardTimeouts
    private let world: ShardWorld
    private let state: Monitor<State>

    package init(timeouts: ShardTimeouts, world: ShardWorld = .real) {
        (self.timeouts, self.world) = (timeouts, world)
        state = Monitor(State(core: ExchangeCore(settings: timeouts.settings)))
        startThread("links") { [weak self] in
            while let links = self, !links.state.read({ $0.isEnded }) {
                links.tick()
                Thread.sleep(forTimeInterval: Self.tickSeconds)
            }
        }
    }

    private static let tickSeconds = 0.5

    private func tick() {
        let workers = state.read { $0.workers }
        step(.tick(workers.compactMapValues { $0.newest?.connection.pulse }))
        let violations = state.read { $0.core.violations() }
        precondition(violations.isEmpty, "the exchange with the shards is in disorder: \(violations)")
    }

    /// Takes the shards' newest addresses. Lines to unchanged addresses stay as they are unless the greeting's run or
    /// term changed.
    package func use(_ roster: Roster, greeting: ShardGreeting) {
        state.with { state in
            guard !roster.servers.isEmpty else { return }
            (state.roster, state.greeting) = (roster, greeting)
        }
        step(.rosterChanged(roster, term: greeting.hello.term, runID: greeting.runID))
    }

    /// Shards of the run.
    package func shardCount() throws -> Int {
        let count = state.read { $0.core.shardCount }
        guard count > 0 else { throw TrainerError.noRoster }
        return count
    }

    /// Breaks off everything under way: whoever waits learns of it, and the next request dials anew.
    package func drop(_ why: Abandonment) { step(.dropped(why)) }

    /// Ends all threads.
    package func end() {
        step(.ended)
        let workers = state.with { state in
            state.isEnded = true
            return state.workers
        }
        for worker in workers.values { worker.end() }
    }
}

// MARK: - The core

extension ShardLinks {
    /// Steps the core, does what belongs under the lock there, and the rest after it.
    ///
    /// - Parameter payload: of what is asked.
    func step(_ event: ExchangeEvent, payload: ShardPayload = .none) {
        let (unlocked, workers, isKept) = state.withWaking { state in
            let actions = state.core.step(event, now: world.now())
            var (isKept, wakes) = (false, false)
            for action in actions.locked {
                switch action {
                case .keep: isKept = true
                case .finished: wakes = true
                case .release(let request, let isSent):
                    wakes = wakes || isSent && state.payloads[request]?.takesRoom == true
                case .order: break
                }
                perform(action, payload, &state)
            }
            return ((actions.unlocked, state.workers, isKept), wakes)
        }
        // Nobody asks for a task that has failed.
        if !isKept { payload.release(isSent: false) }
        for action in unlocked {
            switch action {
            case .close(let line, let connection): workers[line]?.close(connection)
            case .ask(let line, let connection): ask(about: line, connection)
            }
        }
    }

    private func perform(_ action: ExchangeLockedAction, _ payload: ShardPayload, _ state: inout State) {
        switch action {
        case .keep(let request): state.payloads[request] = payload
        case .release(let request, let isSent):
            state.payloads.removeValue(forKey: request)?.release(isSent: isSent)
        case .order(let line, let connection, let order):
            let worker = state.workers[line] ?? LineWorker(line, of: self)
            state.workers[line] = worker
            worker.put(order, connection: connection, payload: Self.payload(of: order, state))
        case .finished(let task, let result): state.results[task] = result
        }
    }

    /// Asking takes as long as a dial, so that is done on a thread of its own. A shard that cannot be asked may be
    /// stopped or slow: whether it is gone is the coordinator's affair.
    private func ask(about line: ExchangeLine, _ connection: UInt64) {
        startThread("ask-\(line.shard)") { [self] in
            guard let (number, link) = state.read({ $0.workers[line] })?.newest, number == connection else { return }
            let before = link.pulse
            var answer: LinkState?
            if let other = try? dial(line) {
                answer = try? other.state(of: link)
                other.close()
            }
            step(.line(line, connection: connection, .judged(answer, before: before, after: link.pulse)))
        }
    }

    func dial(_ line: ExchangeLine) throws -> any ShardConnection {
        let (address, greeting) = state.read { state in
            (state.roster.servers.first { $0.shard.index == line.shard }, state.greeting)
        }
        guard let address, let greeting else { throw TrainerError.noAddress(shard: shard(line.shard)) }
        return try world.dial(address, greeting, timeouts)
    }

    private static func payload(of order: LineOrder, _ state: State) -> ShardPayload {
        switch order {
        case .dial, .receive: .none
        case .send(let request, _), .read(let request): state.payloads[request] ?? .none
        }
    }

    func shard(_ index: Int) -> ShardIdentity {
        ShardIdentity(index: index, count: max(state.read { $0.core.shardCount }, index + 1))
    }
}

// MARK: - Tasks

extension ShardLinks {
    func open(_ purpose: ExchangeLine.Purpose) -> ShardTask {
        let task = state.with { state in
            state.taskCount += 1
            return ExchangeTask(state.taskCount)
        }
        step(.opened(task, purpose))
        return ShardTask(task, links: self)
    }

    func forget(_ task: ExchangeTask) {
        step(.forgotten(task))
        state.with { $0.results[task] = nil }
    }

    /// Nil while it is under way.
    func result(of task: ExchangeTask) -> ExchangeResult? { state.read { $0.results[task] } }

    /// Waits for the task's end; the exchange sees to it that it has one.
    func wait(for task: ExchangeTask) throws -> FlushOutcome {
        let result = state.wait { $0.results[task] }
        switch result {
        case .done(let outcome)?: return outcome
        case .failed(let failure)?: throw error(failure)
        case nil: throw TrainerError.abandoned(.trainerEnds)
        }
    }

    /// Waits until this many bytes more may be under way, or the task has failed.
    func waitForRoom(_ task: ExchangeTask, byteCount: Int, byteCountMax: Int) throws {
        let failure: ExchangeFailure?? = state.wait { state in
            if case .failed(let failure)? = state.results[task] { return .some(failure) }
            let hasRoom = state.core.hasRoom(task, byteCount: byteCount, byteCountMax: byteCountMax)
            return hasRoom ? .some(nil) : nil
        }
        if let failure = failure ?? nil { throw error(failure) }
    }

    private func error(_ failure: ExchangeFailure) -> TrainerError {
        TrainerError(failure, shard: { self.shard($0) }, timeouts: timeouts)
    }
}

/// A task of the exchange, which is forgotten with this.
final class ShardTask: Sendable {
    private let task: ExchangeTask
    private let links: ShardLinks

    init(_ task: ExchangeTask, links: ShardLinks) { (self.task, self.links) = (task, links) }
    deinit { links.forget(task) }

    func ask(_ shard: Int, _ question: ExchangeQuestion, byteCount: Int = 0, payload: ShardPayload = .none) {
        links.step(.asked(task, shard: shard, question, byteCount: byteCount), payload: payload)
    }

    /// Nothing more is asked.
    func close() { links.step(.closed(task)) }
    func flush(_ flush: Flush) { links.step(.flushWanted(task, flush)) }
    func wait() throws -> FlushOutcome { try links.wait(for: task) }

    func waitForRoom(byteCount: Int, byteCountMax: Int) throws {
        try links.waitForRoom(task, byteCount: byteCount, byteCountMax: byteCountMax)
    }

    var isDone: Bool { if case .done? = links.result(of: task) { true } else { false } }
}
