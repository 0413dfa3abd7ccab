import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// Connections that break, are silent or bring leftovers.
struct ExchangeLineTests {
    private typealias Harness = ExchangeHarness
    private let gathers = ExchangeHarness.gathers(0)
    private let pushes = ExchangeHarness.pushes(0)

    /// Two questions were asked, one was answered: the other is asked again, and nobody notices.
    @Test func questionsAreAskedAgainOnANewConnection() {
        var run = Harness(shards: 1)
        let tasks = [run.gather(block: 0), run.gather(block: 1)]
        for _ in 0..<5 { run.run(gathers) }
        run.breakLine(gathers)
        #expect(run.results == [tasks[0]: .done(FlushOutcome())])
        run.runAll()
        #expect(run.results[tasks[1]] == .done(FlushOutcome()))
        #expect(run.sent[gathers]?.count == 3 && run.closed[gathers] == [1])
    }

    @Test func aQuestionIsAskedTwiceAndNoMore() {
        var run = Harness(shards: 1)
        let task = run.gather(block: 0)
        for _ in 0..<2 {
            run.run(gathers)
            run.run(gathers)
            #expect(run.results.isEmpty)
            run.breakLine(gathers, "cut")
        }
        #expect(run.results[task] == .failed(.lineBroken(shard: 0, .line("cut"))))
    }

    /// All was sent, and the connection broke before the shard said so: it is asked whether it has the unit.
    @Test func aFlushIsAskedAgainAndItsPushesAreNot() {
        var run = Harness(shards: 1)
        let task = run.open(.push)
        run.push(task, to: 0)
        run.step(.flushWanted(task, run.flush()))
        for _ in 0..<3 { run.run(pushes) }
        run.breakLine(pushes)
        run.runAll()
        #expect(run.results[task] == .done(FlushOutcome(receipt: Harness.receipts([0]))))
        #expect(run.sent[pushes]?.count { if case .push = $0 { true } else { false } } == 1)
    }

    @Test func aGradientThatWasOnItsWayFailsItsUnitAlone() {
        var run = Harness(shards: 1)
        let (task, other) = (run.open(.push), run.open(.push))
        run.push(task, unit: 0, to: 0)
        run.push(other, unit: 1, to: 0)
        run.run(pushes)
        run.breakLine(pushes)
        #expect(run.results == [task: .failed(.lineBroken(shard: 0, .line("cut")))])
        run.step(.flushWanted(other, run.flush(unit: 1)))
        run.runAll()
        #expect(run.results[other] == .done(FlushOutcome(receipt: Harness.receipts([0]))))
    }

    @Test func aShardThatCannotBeReachedFailsWhatIsAskedOfItAtOnce() {
        var run = Harness()
        let (both, one) = (run.gather(block: 0), run.gather(block: 1, from: [1]))
        run.breakLine(gathers, "connection refused")
        #expect(run.results == [both: .failed(.unreachable(shard: 0, reason: "connection refused"))])
        run.runAll()
        #expect(run.results[one] == .done(FlushOutcome()))
    }

    /// Some rows are here already, and would come twice.
    @Test func aCollectThatHasBegunToComeIsNotAskedAgain() {
        var run = Harness(shards: 1)
        let task = run.gatherRows()
        for _ in 0..<4 { run.run(gathers) }
        run.breakLine(gathers)
        #expect(run.results[task] == .failed(.lineBroken(shard: 0, .line("cut"))))
    }

    @Test func aSilentShardIsAnErrorAfterTheDeadlineAndHeartbeatsDoNotStretchIt() {
        var run = Harness(shards: 1)
        let task = run.gather(block: 2)
        run.run(gathers)
        run.run(gathers)
        run.owed[gathers] = [.heartbeat]
        run.now = run.now + 9.9
        run.run(gathers)
        run.step(.tick([:]))
        #expect(run.results.isEmpty)
        run.now = run.now + 0.2
        run.step(.tick([:]))
        let awaited = ExchangeQuestion.gather(stage: Harness.stage, step: Harness.step, block: 2)
        #expect(run.results[task] == .failed(.silent(shard: 0, awaited: awaited)))
        #expect(run.closed[gathers] == [1])
    }

    /// The time counts from the answer before.
    @Test func aSlowShardThatAnswersIsWaitedFor() {
        var run = Harness(shards: 1)
        let tasks = (0..<4).map { run.gather(block: $0) }
        for _ in 0..<5 { run.run(gathers) }
        while run.results.count < 4 {
            run.now = run.now + 8
            run.step(.tick([:]))
            run.run(gathers)
        }
        #expect(tasks.allSatisfy { run.results[$0] == .done(FlushOutcome()) })
    }

    /// A thread that is stuck in sending has no deadline of its own.
    @Test func whereNothingMovesAtAllTheUnitIsGivenUp() {
        var run = Harness(shards: 1)
        let task = run.open(.push)
        run.push(task, to: 0)
        run.run(pushes)
        run.now = run.now + 25
        run.step(.tick([:]))
        #expect(run.results.isEmpty)
        run.now = run.now + 0.1
        run.step(.tick([:]))
        #expect(run.results[task] == .failed(.stuck(.push)))
    }

    // MARK: - Leftovers

    /// Nobody waits for the first block any more; its slice comes before the second's and counts for nothing.
    @Test func theAnswerToAForgottenRequestIsNoAnswerToTheNext() {
        var run = Harness(shards: 1)
        let (first, second) = (run.gather(block: 5), run.gather(block: 5))
        for _ in 0..<3 { run.run(gathers) }
        run.step(.forgotten(first))
        run.run(gathers)
        #expect(run.results.isEmpty && run.core.leftoverCount == 1)
        run.runAll()
        #expect(run.results == [second: .done(FlushOutcome())])
    }

    @Test func anAnswerThatComesTwiceCountsOnce() {
        var run = Harness(shards: 1)
        let tasks = [run.gather(block: 5), run.gather(block: 5)]
        for _ in 0..<3 { run.run(gathers) }
        if let answer = run.owed[gathers]?.first { run.owed[gathers]?.insert(answer, at: 0) }
        for _ in 0..<3 { run.run(gathers) }
        #expect(run.results == [tasks[0]: .done(FlushOutcome())] && run.core.leftoverCount == 1)
        run.runAll()
        #expect(run.results[tasks[1]] == .done(FlushOutcome()))
    }

    @Test(arguments: [0, 2]) func anAnswerUnderAnotherTermNeverCounts(term: UInt64) {
        var run = Harness(shards: 1)
        let task = run.open(.push)
        run.push(task, to: 0)
        run.step(.flushWanted(task, run.flush()))
        for _ in 0..<3 { run.run(pushes) }
        run.owed[pushes] = [.flushed(Reply(term: Term(term), request: RequestNumber(2)), receipt: Harness.receipt(0))]
        run.runAll()
        #expect(run.results[task] == .failed(.otherTerm(shard: 0, Term(term), own: Term(1))))
    }

    @Test func anAnswerToWhatWasNotAskedEndsTheLine() {
        var run = Harness(shards: 1)
        let task = run.gather(block: 5)
        run.run(gathers)
        run.run(gathers)
        run.owed[gathers] = [
            .gathered(
                run.reply(RequestNumber(9)), stage: Harness.stage, step: Harness.step, block: 5, encoding: .fp32)
        ]
        run.run(gathers)
        let awaited = ExchangeQuestion.gather(stage: Harness.stage, step: Harness.step, block: 5)
        #expect(run.results[task] == .failed(.unexpected(shard: 0, awaited: awaited)))
    }

    /// The right number and the wrong thing.
    @Test func aSliceOfAnotherBlockVersionOrKindDoesNotCount() {
        let wrong: [(Reply) -> Message] = [
            { .gathered($0, stage: Harness.stage, step: Harness.step, block: 6, encoding: .fp32) },
            { .gathered($0, stage: Harness.stage, step: StepIndex(3), block: 5, encoding: .fp32) },
            { .gathered($0, stage: StageIndex(0), step: Harness.step, block: 5, encoding: .fp32) },
            { .flushed($0) }, { _ in .welcome(Welcome(term: Term(1), plan: [], runID: "run")) },
        ]
        for message in wrong {
            var run = Harness(shards: 1)
            let task = run.gather(block: 5)
            run.run(gathers)
            run.run(gathers)
            run.owed[gathers] = [message(run.reply(RequestNumber(1)))]
            run.run(gathers)
            let awaited = ExchangeQuestion.gather(stage: Harness.stage, step: Harness.step, block: 5)
            #expect(run.results[task] == .failed(.unexpected(shard: 0, awaited: awaited)))
        }
    }

    @Test func aRefusalIsItsReason() {
        var run = Harness(shards: 1)
        let task = run.gather(block: 5)
        run.run(gathers)
        run.run(gathers)
        run.owed[gathers] = [.refused(reason: "not yours", mayTryAgain: false)]
        run.run(gathers)
        #expect(run.results[task] == .failed(.refused(shard: 0, reason: "not yours")))
    }

    // MARK: - Terms and addresses

    @Test func anotherTermBeginsWithFreshConnections() {
        var run = Harness()
        let idle = run.gather(block: 0)
        run.runAll()
        let task = run.gather(block: 1)
        run.use(Harness.roster(2), term: 2)
        #expect(run.results[idle] == .done(FlushOutcome()))
        #expect(run.results[task] == .failed(.abandoned(.otherAddress)))
        let next = run.gather(block: 1)
        run.runAll()
        #expect(run.results[next] == .done(FlushOutcome()))
        #expect(run.connection(of: gathers) == 2)
    }

    @Test func linesToUnchangedAddressesStay() {
        var run = Harness()
        _ = run.gather(block: 0)
        run.runAll()
        var moved = Harness.roster(2)
        moved.servers[1].port = 9
        run.use(moved)
        #expect(run.closed == [Harness.gathers(1): [1]])
        let task = run.gather(block: 1)
        run.runAll()
        #expect(run.results[task] == .done(FlushOutcome()))
        #expect(run.connection(of: gathers) == 1 && run.connection(of: Harness.gathers(1)) == 2)
    }

    /// What was dropped while it was dialed is closed when it comes.
    @Test func aConnectionThatComesTooLateIsClosed() {
        var run = Harness(shards: 1)
        let task = run.gather(block: 0)
        run.step(.dropped(.coordinatorAway))
        #expect(run.results[task] == .failed(.abandoned(.coordinatorAway)))
        run.closed = [:]
        run.run(gathers)
        #expect(run.closed[gathers] == [1])
        run.line(gathers, connection: 1, .broken(reason: "closed"))
        let next = run.gather(block: 0)
        run.runAll()
        #expect(run.results[next] == .done(FlushOutcome()))
    }

    // MARK: - Dead lines

    @Test func aLineThatTheShardDoesNotHaveIsReplacedAndWhatWasAskedOnItAskedAgain() {
        var run = Harness(shards: 1)
        let task = run.gather(block: 0)
        run.run(gathers)
        run.run(gathers)
        run.owed[gathers] = []
        let pulse = LinkPulse(bytesSent: 90, bytesReceived: 10)
        for _ in 0..<5 {
            run.step(.tick([gathers: pulse]))
            run.now = run.now + 1
        }
        #expect(run.asked == [gathers], "asked once, though the answer is not here yet")
        let unknown = LinkState(isOpen: false, isHeldUp: false, bytesReceived: 0, bytesSent: 0)
        run.line(gathers, .judged(unknown, before: pulse, after: pulse))
        run.runAll()
        #expect(run.results[task] == .done(FlushOutcome()) && run.closed[gathers] == [1])
    }

    @Test func aShardThatDoesNotAnswerAboutALineIsAskedAgain() {
        var run = Harness(shards: 1)
        let task = run.gather(block: 0)
        run.run(gathers)
        run.run(gathers)
        let pulse = LinkPulse(bytesSent: 90, bytesReceived: 10)
        for _ in 0..<5 {
            run.step(.tick([gathers: pulse]))
            run.now = run.now + 1
        }
        run.line(gathers, .judged(nil, before: pulse, after: pulse))
        run.step(.tick([gathers: pulse]))
        #expect(run.asked.count == 2 && run.results[task] == nil)
    }

    @Test func idleLinesAreNotAskedAbout() {
        var run = Harness(shards: 1)
        _ = run.gather(block: 0)
        run.runAll()
        for _ in 0..<9 {
            run.step(.tick([gathers: LinkPulse(bytesSent: 90, bytesReceived: 10)]))
            run.now = run.now + 1
        }
        #expect(run.asked.isEmpty)
    }
}
