import MawsBase
import MawsWire

/// A trainer's exchange with all shards as a pure machine: what is asked of whom, which message answers what, what is
/// asked again when a connection broke, and when every shard has all of a unit. It touches no socket, thread, buffer,
/// lock or clock.
///
/// Each shard has two lines, one to gather and one to push, each with one connection at a time and one thread, which
/// does one order after the other. Answers come in the order of asking and say what they answer: what answers an
/// earlier request, one that nobody waits for any more for instance, or says another term, never counts.
package struct ExchangeCore: Sendable {
    struct Request: Hashable {
        var task: ExchangeTask
        var line: ExchangeLine
        var question: ExchangeQuestion
        var byteCount: Int
        /// How often it was sent.
        var asks = 0
        /// Units whose rows came, where rows are gathered.
        var units: Set<UnitIndex> = []
    }

    struct Work: Hashable {
        var purpose: ExchangeLine.Purpose
        var requests: Set<RequestNumber> = []
        var isClosed = false
        /// Bytes that are not with the network yet.
        var byteCount = 0
        /// Shards that something was sent to; with a gradient, all have to say that they have their part.
        var shards: Set<Int> = []
        var hasPushed = false
        /// Shards whose receipts are in the outcome.
        var confirmed: Set<Int> = []
        var outcome = FlushOutcome()
    }

    struct Line: Sendable {
        enum Activity: Hashable {
            /// Its thread has no order.
            case none
            case dialing
            case sending(RequestNumber, isAnswered: Bool)
            case receiving
            case reading(RequestNumber)
        }

        var hasAddress = false
        /// The newest; grows with every dial.
        var connection: UInt64 = 0
        /// Whether there is a connection, or one is being made.
        var isOpen = false
        var activity = Activity.none
        /// Requests that are not sent on this connection, oldest first.
        var queue: [RequestNumber] = []
        /// Those that are to be answered, in this order. Nobody may wait for them any more.
        var awaited: [RequestNumber] = []
        var deadline: Moment?
        var check = LinkCheck()
        /// Whether the shard is being asked about the connection.
        var isAsked = false

        var isIdle: Bool { activity == .none && queue.isEmpty && awaited.isEmpty }
    }

    let settings: ExchangeSettings
    var roster = Roster(servers: [])
    package private(set) var term = Term(0)
    private var runID = ""
    package private(set) var shardCount = 0
    private var hasEnded = false

    var lines: [ExchangeLine: Line] = [:]
    /// Dials of each line, those of an earlier roster too, whose connections may still be made.
    var dialCounts: [ExchangeLine: UInt64] = [:]
    var requests: [RequestNumber: Request] = [:]
    var tasks: [ExchangeTask: Work] = [:]
    private var lastRequest = RequestNumber.none
    /// When anything moved last.
    var movedAt: [ExchangeLine.Purpose: Moment] = [:]
    var requestCounts: [ExchangeLine.Purpose: Int] = [:]
    /// Messages that answered nothing that was waited for.
    package internal(set) var leftoverCount: UInt64 = 0

    var now = Moment(nanoseconds: 0)
    var actions = ExchangeActions()

    package init(settings: ExchangeSettings) { self.settings = settings }

    package mutating func step(_ event: ExchangeEvent, now: Moment) -> ExchangeActions {
        self.now = now
        handle(event)
        defer { actions = ExchangeActions() }
        return actions
    }

    private mutating func handle(_ event: ExchangeEvent) {
        switch event {
        case .rosterChanged(let roster, let term, let runID): use(roster, term, runID)
        case .dropped(let why): dropAll(.abandoned(why))
        case .ended:
            hasEnded = true
            dropAll(.abandoned(.trainerEnds))
        case .opened(let task, let purpose): tasks[task] = Work(purpose: purpose)
        case .asked(let task, let shard, let question, let byteCount): ask(task, shard, question, byteCount)
        case .closed(let task):
            tasks[task]?.isClosed = true
            settle(task)
        case .flushWanted(let task, let flush): self.flush(task, flush)
        case .forgotten(let task): remove(task)
        case .line(let line, let connection, let event): on(line, connection, event)
        case .tick(let pulses): tick(pulses)
        }
    }

    /// Whether this many bytes more may be under way. One payload always may, however large.
    package func hasRoom(_ task: ExchangeTask, byteCount: Int, byteCountMax: Int) -> Bool {
        guard let work = tasks[task] else { return true }
        return work.byteCount == 0 || work.byteCount + byteCount <= byteCountMax
    }
}

// MARK: - Where the shards are

extension ExchangeCore {
    /// Lines to unchanged addresses stay as they are unless the run or the term changed.
    private mutating func use(_ wanted: Roster, _ newTerm: Term, _ newRun: String) {
        guard let count = wanted.servers.first?.shard.count else { return }
        if count != shardCount {
            dropAll(.abandoned(.otherShardCount))
            shardCount = count
            roster = Roster(servers: [])
            lines = [:]
            for shard in 0..<count {
                for purpose in ExchangeLine.Purpose.allCases {
                    lines[ExchangeLine(shard: shard, purpose: purpose)] = Line()
                }
            }
        }
        let isSame = term == newTerm && runID == newRun
        (term, runID) = (newTerm, newRun)
        for shard in 0..<count {
            let address = wanted.servers.first { $0.shard.index == shard }
            if isSame, address == roster.servers.first(where: { $0.shard.index == shard }) { continue }
            for purpose in ExchangeLine.Purpose.allCases {
                let line = ExchangeLine(shard: shard, purpose: purpose)
                drop(line, .abandoned(.otherAddress))
                lines[line]?.hasAddress = address != nil
            }
        }
        roster = wanted
    }

    private mutating func dropAll(_ failure: ExchangeFailure) {
        for task in tasks.keys.sorted() { fail(task, failure) }
        for line in lines.keys.sorted() { hangUp(line) }
    }
}

// MARK: - Tasks

extension ExchangeCore {
    private mutating func ask(
        _ task: ExchangeTask, _ shard: Int, _ question: ExchangeQuestion, _ byteCount: Int
    ) {
        guard tasks[task] != nil else { return }
        guard !hasEnded else { return fail(task, .abandoned(.trainerEnds)) }
        let line = ExchangeLine(shard: shard, purpose: question.purpose)
        guard lines[line] != nil else { return fail(task, .noRoster) }
        lastRequest = lastRequest.next
        requests[lastRequest] = Request(task: task, line: line, question: question, byteCount: byteCount)
        tasks[task]?.requests.insert(lastRequest)
        tasks[task]?.byteCount += byteCount
        tasks[task]?.shards.insert(shard)
        if case .push = question { tasks[task]?.hasPushed = true }
        if requestCounts[line.purpose, default: 0] == 0 { movedAt[line.purpose] = now }
        requestCounts[line.purpose, default: 0] += 1
        actions.locked.append(.keep(lastRequest))
        if lines[line]?.isIdle == true { lines[line]?.check = LinkCheck() }
        lines[line]?.queue.append(lastRequest)
        proceed(line)
    }

    /// A gradient goes to every shard, and one that has no part of it says so; rows go to one shard.
    private mutating func flush(_ task: ExchangeTask, _ flush: Flush) {
        guard let work = tasks[task] else { return }
        let shards = work.hasPushed ? Array(0..<shardCount) : work.shards.sorted()
        for shard in shards { ask(task, shard, .flush(flush), 0) }
        tasks[task]?.isClosed = true
        settle(task)
    }

    /// The request is answered, or sent where nothing answers it.
    mutating func finish(_ number: RequestNumber) {
        guard let request = forget(number, isSent: true) else { return }
        tasks[request.task]?.requests.remove(number)
        tasks[request.task]?.byteCount -= request.byteCount
        settle(request.task)
    }

    private mutating func settle(_ task: ExchangeTask) {
        guard let work = tasks[task], work.isClosed, work.requests.isEmpty else { return }
        tasks[task] = nil
        actions.locked.append(.finished(task, .done(work.outcome)))
    }

    mutating func fail(_ task: ExchangeTask, _ failure: ExchangeFailure) {
        guard tasks[task] != nil else { return }
        remove(task)
        actions.locked.append(.finished(task, .failed(failure)))
    }

    mutating func failTasks(of line: ExchangeLine, _ failure: ExchangeFailure) {
        let concerned = Set(requests.values.filter { $0.line == line }.map(\.task))
        for task in concerned.sorted() { fail(task, failure) }
    }

    /// What of it is on its way is answered still, which counts for nothing.
    private mutating func remove(_ task: ExchangeTask) {
        guard let work = tasks.removeValue(forKey: task) else { return }
        for number in work.requests.sorted() {
            guard let request = forget(number, isSent: false) else { continue }
            lines[request.line]?.queue.removeAll { $0 == number }
        }
    }

    private mutating func forget(_ number: RequestNumber, isSent: Bool) -> Request? {
        guard let request = requests.removeValue(forKey: number) else { return nil }
        requestCounts[request.line.purpose, default: 0] -= 1
        actions.locked.append(.release(number, isSent: isSent))
        return request
    }
}
