import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// Thousands of drawn schedules of sends, answers, cuts, forgotten tasks and new terms. After every event the core's
/// invariants hold; at the end every task has ended, and none that is done lacks an answer of any shard.
struct ExchangeFaultTests {
    @Test(arguments: 0..<40) func everyTaskEndsAndWhatIsDoneIsWhole(seed: Int) {
        for round in 0..<12 as Range<UInt64> {
            var world = FaultyExchange(seed: UInt64(seed), round: round)
            for _ in 0..<120 { world.act() }
            world.settle()
        }
    }
}

private struct FaultyExchange {
    var run: ExchangeHarness
    private var random: CounterRandom
    private var live: [ExchangeTask] = []
    private var forgotten: Set<ExchangeTask> = []
    private var pushed: [ExchangeTask] = []

    init(seed: UInt64, round: UInt64) {
        random = CounterRandom(seed: seed, purpose: .test, element: round << 32)
        run = ExchangeHarness(shards: 1 + Int(random.below(3)))
    }

    mutating func act() {
        let line = pick(Array(run.orders.keys.sorted()))
        switch random.below(24) {
        case 0: live.append(run.gather(block: UInt32(random.below(4))))
        case 1: live.append(run.gatherRows())
        case 2, 3: push()
        case 4: if let line { run.breakLine(line) }
        case 5: forget()
        case 6: if random.below(8) == 0 { run.step(.dropped(.coordinatorAway)) }
        case 7: if random.below(8) == 0 { run.use(ExchangeHarness.roster(run.shardCount), term: run.term.value + 1) }
        case 8: tick(0.5)
        case 9: if let line { repeatAnswer(line) }
        case 10: if let line { run.line(line, connection: 1, .broken(reason: "of an old connection")) }
        default: if let line { run.run(line) }
        }
    }

    private mutating func pick<Element>(_ all: [Element]) -> Element? {
        all.isEmpty ? nil : all[Int(random.below(all.count))]
    }

    private mutating func push() {
        let task = run.open(.push)
        live.append(task)
        for shard in 0..<run.shardCount where random.below(4) > 0 { run.push(task, to: shard) }
        run.step(.flushWanted(task, run.flush()))
        pushed.append(task)
    }

    private mutating func forget() {
        guard let task = pick(live), run.results[task] == nil else { return }
        run.step(.forgotten(task))
        forgotten.insert(task)
    }

    private mutating func repeatAnswer(_ line: ExchangeLine) {
        // An answer that was given before comes once more.
        guard let answer = run.owed[line]?.first else { return }
        if case .sharedRows = answer { return }
        run.owed[line]?.insert(answer, at: 0)
    }

    private mutating func tick(_ seconds: Double) {
        run.now = run.now + seconds
        run.step(.tick([:]))
    }

    /// Everything works from here on.
    mutating func settle() {
        run.runAll()
        for _ in 0..<200 {
            tick(1)
            run.runAll()
        }
        for task in live {
            #expect((run.results[task] != nil) != forgotten.contains(task), "task \(task.number)")
        }
        for task in pushed {
            guard case .done(let outcome)? = run.results[task], outcome != FlushOutcome() else { continue }
            #expect(outcome.receipt == ExchangeHarness.receipts(Array(0..<run.shardCount)))
        }
        #expect(run.kept == Set(run.released.keys), "every payload is given back")
    }
}
