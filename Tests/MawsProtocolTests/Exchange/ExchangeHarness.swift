import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// A trainer's exchange with threads and shards made of this test. After every event the core's invariants must hold.
struct ExchangeHarness {
    static let stage = StageIndex(1)
    static let step = StepIndex(4)

    var core: ExchangeCore
    var now = Moment(nanoseconds: 1_000_000_000)
    var term: Term
    let shardCount: Int
    /// Orders that the lines' threads have not done yet.
    var orders: [ExchangeLine: [(connection: UInt64, order: LineOrder)]] = [:]
    /// What the shards will say on a line, oldest first. A broken line's are lost.
    var owed: [ExchangeLine: [Message]] = [:]
    /// Every message that was sent, by line.
    var sent: [ExchangeLine: [Message]] = [:]
    var kept: Set<RequestNumber> = []
    var released: [RequestNumber: Bool] = [:]
    var results: [ExchangeTask: ExchangeResult] = [:]
    var closed: [ExchangeLine: [UInt64]] = [:]
    var asked: [ExchangeLine] = []
    private var taskCount: UInt64 = 0

    init(shards: Int = 2, term: UInt64 = 1, asksMax: Int = 2, hasRoster: Bool = true) {
        core = ExchangeCore(settings: ExchangeSettings(connectSeconds: 5, answerSeconds: 10, asksMax: asksMax))
        (self.term, shardCount) = (Term(term), shards)
        if hasRoster { use(Self.roster(shards)) }
    }

    static func roster(_ shards: Int, port: UInt16 = 7000) -> Roster {
        Roster(
            servers: (0..<shards).map {
                ServerAddress(shard: ShardIdentity(index: $0, count: shards), host: "10.0.0.1", port: port)
            })
    }

    static func gathers(_ shard: Int) -> ExchangeLine { ExchangeLine(shard: shard, purpose: .gather) }
    static func pushes(_ shard: Int) -> ExchangeLine { ExchangeLine(shard: shard, purpose: .push) }

    mutating func use(_ roster: Roster, term: UInt64? = nil) {
        if let term { self.term = Term(term) }
        step(.rosterChanged(roster, term: self.term, runID: "run"))
    }

    mutating func step(_ event: ExchangeEvent) {
        let actions = core.step(event, now: now)
        for action in actions.locked {
            switch action {
            case .keep(let request): #expect(kept.insert(request).inserted)
            case .release(let request, let isSent):
                #expect(kept.contains(request) && released[request] == nil)
                released[request] = isSent
            case .order(let line, let connection, let order): orders[line, default: []].append((connection, order))
            case .finished(let task, let result):
                #expect(results[task] == nil, "a task ends once")
                results[task] = result
            }
        }
        for action in actions.unlocked {
            switch action {
            case .close(let line, let connection):
                closed[line, default: []].append(connection)
                owed[line] = []
            case .ask(let line, _): asked.append(line)
            }
        }
        #expect(core.violations() == [])
    }

    mutating func line(_ line: ExchangeLine, connection: UInt64? = nil, _ event: LineEvent) {
        step(.line(line, connection: connection ?? self.connection(of: line), event))
    }

    /// The newest connection that was ordered or closed on a line.
    func connection(of line: ExchangeLine) -> UInt64 {
        max(newest[line] ?? 0, orders[line]?.last?.connection ?? 0)
    }

    private(set) var newest: [ExchangeLine: UInt64] = [:]

    // MARK: - What a trainer wants

    mutating func open(_ purpose: ExchangeLine.Purpose) -> ExchangeTask {
        taskCount += 1
        step(.opened(ExchangeTask(taskCount), purpose))
        return ExchangeTask(taskCount)
    }

    mutating func gather(block: UInt32, from shards: [Int]? = nil) -> ExchangeTask {
        let task = open(.gather)
        for shard in shards ?? Array(0..<shardCount) {
            step(.asked(task, shard: shard, .gather(stage: Self.stage, step: Self.step, block: block), byteCount: 0))
        }
        step(.closed(task))
        return task
    }

    mutating func gatherRows() -> ExchangeTask {
        let task = open(.gather)
        for shard in 0..<shardCount {
            step(.asked(task, shard: shard, .gatherRows(stage: Self.stage, step: Self.step), byteCount: 0))
        }
        step(.closed(task))
        return task
    }

    mutating func push(_ task: ExchangeTask, unit: UInt32 = 0, block: UInt32 = 0, to shard: Int, bytes: Int = 100) {
        let push = Push(
            term: term, stage: Self.stage, step: Self.step, unit: UnitIndex(unit), block: block, encoding: .fp32)
        step(.asked(task, shard: shard, .push(push), byteCount: bytes))
    }

    mutating func shareRows(_ task: ExchangeTask, unit: UInt32 = 0, to shard: Int) {
        let unitRows = UnitRows(term: term, stage: Self.stage, step: Self.step, unit: UnitIndex(unit))
        step(.asked(task, shard: shard, .shareRows(unitRows, .none), byteCount: 100))
    }

    func flush(unit: UInt32 = 0) -> Flush {
        Flush(term: term, stage: Self.stage, step: Self.step, unit: UnitIndex(unit))
    }

    // MARK: - What threads and shards do

    /// Does a line's next order, as a faithful thread and shard would; false when there is none, or nothing is said.
    @discardableResult
    mutating func run(_ line: ExchangeLine) -> Bool {
        guard let (connection, order) = orders[line]?.first else { return false }
        guard order == .dial || newest[line] == connection && closed[line]?.contains(connection) != true else {
            done(line, connection, .broken(reason: "closed"))
            return true
        }
        switch order {
        case .dial:
            newest[line] = connection
            done(line, connection, .connected)
        case .send(let request, let message):
            sent[line, default: []].append(message)
            if connection == newest[line] { owed[line, default: []] += answers(to: message, from: line.shard) }
            done(line, connection, .sent(request))
        case .receive:
            guard let answer = owed[line]?.first else { return false }
            owed[line]?.removeFirst()
            done(line, connection, .announced(answer))
        case .read(let request): done(line, connection, .read(request))
        }
        return true
    }

    private mutating func done(_ line: ExchangeLine, _ connection: UInt64, _ event: LineEvent) {
        orders[line]?.removeFirst()
        step(.line(line, connection: connection, event))
    }

    /// The thread's next order fails.
    mutating func breakLine(_ line: ExchangeLine, _ reason: String = "cut") {
        guard let (connection, order) = orders[line]?.first else { return }
        owed[line] = []
        done(line, connection, order == .dial ? .notConnected(reason: reason) : .broken(reason: reason))
    }

    /// Until nothing is left to do.
    mutating func runAll() {
        while orders.keys.sorted().map({ run($0) }).contains(true) {}
    }

    func reply(_ request: RequestNumber, term: Term? = nil) -> Reply {
        Reply(term: term ?? self.term, request: request)
    }

    /// Shard *s* has rows of units *s* and *s* + *S*.
    func answers(to message: Message, from shard: Int) -> [Message] {
        switch message {
        case .gather(let request, let stage, let step, let block):
            [.gathered(reply(request), stage: stage, step: step, block: block, encoding: .fp32)]
        case .flush(let request, _): [.flushed(reply(request), receipt: Self.receipt(shard))]
        case .gatherRows(let request, _, _):
            [shard, shard + shardCount].map { .sharedRows(reply(request), unitRows(UInt32($0))) } + [
                .flushed(reply(request))
            ]
        default: []
        }
    }

    func unitRows(_ unit: UInt32) -> UnitRows {
        UnitRows(term: term, stage: Self.stage, step: Self.step, unit: UnitIndex(unit))
    }

    static func receipt(_ shard: Int) -> AuthenticationCode {
        AuthenticationCode(bytes: Array(repeating: UInt8(1 << shard), count: 32))
    }

    /// The receipts of these shards as one.
    static func receipts(_ shards: [Int]) -> AuthenticationCode {
        shards.reduce(.none) { $0.joined(with: receipt($1)) }
    }
}
