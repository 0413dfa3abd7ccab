import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// What is asked of whom, and when a task is done.
struct ExchangeTaskTests {
    private typealias Harness = ExchangeHarness

    @Test func aBlockIsHereWhenEveryShardsSliceIs() {
        var run = Harness()
        let task = run.gather(block: 3)
        let (first, second) = (Harness.gathers(0), Harness.gathers(1))
        for _ in 0..<4 { run.run(first) }
        #expect(run.released.count == 1 && run.results.isEmpty)
        for _ in 0..<3 { run.run(second) }
        #expect(run.results.isEmpty, "the payload is not read yet")
        run.run(second)
        #expect(run.results[task] == .done(FlushOutcome()))
    }

    /// All requests go out before an answer is waited for.
    @Test func requestsDoNotWaitForAnswers() {
        var run = Harness(shards: 1)
        let tasks = (0..<3).map { run.gather(block: $0) }
        for _ in 0..<4 { run.run(Harness.gathers(0)) }
        #expect(run.sent[Harness.gathers(0)]?.count == 3)
        run.runAll()
        #expect(tasks.allSatisfy { run.results[$0] == .done(FlushOutcome()) })
    }

    @Test func aUnitIsInWhenEveryShardHasGivenItsReceiptEvenOneThatGotNothing() {
        var run = Harness(shards: 3)
        let task = run.open(.push)
        run.push(task, to: 0)
        run.push(task, to: 2)
        run.runAll()
        #expect(run.results.isEmpty)
        run.step(.flushWanted(task, run.flush()))
        for shard in 0..<2 { while run.run(Harness.pushes(shard)) {} }
        #expect(run.results.isEmpty, "two of three receipts are not enough")
        run.runAll()
        #expect(run.results[task] == .done(FlushOutcome(receipt: Harness.receipts([0, 1, 2]))))
    }

    @Test func rowsAreFlushedWhereTheyWentAlone() {
        var run = Harness(shards: 3)
        let task = run.open(.push)
        run.shareRows(task, unit: 1, to: 1)
        run.step(.flushWanted(task, run.flush(unit: 1)))
        run.runAll()
        #expect(run.results[task] == .done(FlushOutcome(receipt: Harness.receipts([1]))))
        #expect(run.sent[Harness.pushes(0)] == nil && run.sent[Harness.pushes(2)] == nil)
    }

    @Test func whatWasNotPushedNeedsNoFlush() {
        var run = Harness()
        let task = run.open(.push)
        run.step(.flushWanted(task, run.flush()))
        #expect(run.results[task] == .done(FlushOutcome()))
    }

    @Test func oneShardThatDoesNotTakeAGradientMakesTheUnitNotFinite() {
        var run = Harness()
        let task = run.open(.push)
        run.push(task, to: 0)
        run.step(.flushWanted(task, run.flush()))
        let line = Harness.pushes(1)
        run.run(line)
        run.run(line)
        guard case .flush(let request, _)? = run.sent[line]?.last else {
            return #expect(Bool(false), "no flush was sent")
        }
        run.owed[line] = [.flushed(run.reply(request), isFinite: false)]
        run.runAll()
        #expect(run.results[task] == .done(FlushOutcome(isFinite: false, receipt: Harness.receipts([0]))))
    }

    @Test func bytesUnderWayAreThoseThatAreNotWithTheNetwork() {
        var run = Harness(shards: 1)
        let task = run.open(.push)
        #expect(run.core.hasRoom(task, byteCount: 500, byteCountMax: 200), "one payload always has room")
        run.push(task, block: 0, to: 0, bytes: 150)
        #expect(!run.core.hasRoom(task, byteCount: 51, byteCountMax: 200))
        #expect(run.core.hasRoom(task, byteCount: 50, byteCountMax: 200))
        run.runAll()
        #expect(run.core.hasRoom(task, byteCount: 200, byteCountMax: 200))
    }

    /// Memory of a payload is free again when it is sent, and lost with its task otherwise.
    @Test func payloadsAreGivenBackOnce() {
        var run = Harness(shards: 1)
        let task = run.open(.push)
        run.push(task, block: 0, to: 0)
        run.push(task, block: 1, to: 0)
        run.run(Harness.pushes(0))
        run.run(Harness.pushes(0))
        run.step(.forgotten(task))
        #expect(run.released == [RequestNumber(1): true, RequestNumber(2): false])
    }

    @Test func rowsComeFromEveryShardEachOnce() {
        var run = Harness()
        let task = run.gatherRows()
        run.runAll()
        #expect(run.results[task] == .done(FlushOutcome()))
    }

    /// Rows of a unit of another shard, of another step, or such as came before.
    @Test(arguments: [(UInt32(1), UInt64(4)), (2, 5), (0, 4)])
    func rowsThatAreNotDueEndsTheLine(unit: UInt32, step: UInt64) {
        var run = Harness()
        let task = run.gatherRows()
        let line = Harness.gathers(0)
        for _ in 0..<4 { run.run(line) }
        var wrong = run.unitRows(unit)
        wrong.step = StepIndex(step)
        run.owed[line] = [.sharedRows(run.reply(RequestNumber(1)), wrong)]
        run.run(line)
        let awaited = ExchangeQuestion.gatherRows(stage: Harness.stage, step: Harness.step)
        #expect(run.results[task] == .failed(.unexpected(shard: 0, awaited: awaited)))
        #expect(run.closed[line] == [1])
    }

    @Test func aShardThatDoesNotHaveItFailsTheTaskAndKeepsItsLine() {
        var run = Harness()
        let (task, other) = (run.gather(block: 0), run.gather(block: 1, from: [0]))
        let line = Harness.gathers(0)
        for _ in 0..<3 { run.run(line) }
        let declined = Message.unavailable(run.reply(RequestNumber(1)), "gone")
        run.owed[line]?[0] = declined
        run.runAll()
        #expect(run.results[task] == .failed(.unavailable(shard: 0, reason: "gone")))
        #expect(run.results[other] == .done(FlushOutcome()) && run.closed[line] == nil)
    }

    @Test func withoutARosterOrAnAddressATaskFailsAtOnce() {
        var run = Harness(hasRoster: false)
        let early = run.gather(block: 0, from: [0])
        #expect(run.results[early] == .failed(.noRoster))
        var partial = Harness.roster(2)
        partial.servers.removeLast()
        run.use(partial)
        let task = run.gather(block: 0)
        #expect(run.results[task] == .failed(.noAddress(shard: 1)))
    }

    @Test func afterItsEndNothingIsAsked() {
        var run = Harness()
        let before = run.gather(block: 0)
        run.step(.ended)
        let after = run.gather(block: 0)
        let failure = ExchangeResult.failed(.abandoned(.trainerEnds))
        #expect(run.results == [before: failure, after: failure])
    }
}
