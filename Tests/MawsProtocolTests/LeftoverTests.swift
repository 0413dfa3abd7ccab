import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// What answers an older request, term or state never counts, however much it looks like what is due.
struct LeftoverTests {
    private let start = RunPosition(stage: StageIndex(0), step: StepIndex(0))

    /// A run of one server that is restored for the second time, and what it said under the first configuration.
    private func restoredTwice() -> (run: CoordinatorHarness, old: Reply) {
        var run = CoordinatorHarness(stages: [training(phases: [1])], shardCount: 1)
        run.joinServers()
        let old = run.reply(of: run.server(0))
        run.step(.peerLost(run.server(0), .line("killed")))
        run.joinServer(0, peer: 400, hello: run.emptyHello(0))
        return (run, old)
    }

    private func report(_ reply: Reply) -> Reduced {
        Reduced(
            reply, stage: StageIndex(0), step: StepIndex(0), chunkSquares: [1], bytesPushed: 0, bytesGathered: 0)
    }

    @Test func aReportOfAnOlderStateDoesNotDecideAStep() {
        var (run, old) = restoredTwice()
        run.finish(run.joinTrainer(1))
        run.step(.reduced(PeerID(400), report(old)))
        #expect(run.commits.isEmpty)
        run.reduce(PeerID(400), step: 0)
        #expect(run.commits.count == 1)
    }

    @Test func aReportUnderAnotherTermDoesNotDecideAStep() {
        var (run, _) = restoredTwice()
        run.finish(run.joinTrainer(1))
        var other = run.reply(of: PeerID(400))
        other.term = Term(other.term.value - 1)
        run.step(.reduced(PeerID(400), report(other)))
        #expect(run.commits.isEmpty)
    }

    /// Each `configure` has a number of its own, so that no answer to one can be taken for an answer to another.
    @Test func everyConfigureHasItsOwnNumber() {
        let (run, old) = restoredTwice()
        let new = run.reply(of: PeerID(400))
        #expect(new.term == old.term && new.request > old.request)
        #expect(run.core.reply(of: PeerID(77)) == nil)
    }

    /// The damaged checkpoint's slices are still on their way when the older one's are announced.
    @Test func slicesOfAnOlderRestoreAreDropped() {
        var shard = ShardHarness()
        var wanted = ShardHarness.configuration()
        shard.step(.configured(wanted))
        let slice = TensorSlice(stage: ShardHarness.stage, step: StepIndex(6), block: 0, part: .weight)
        let verdict = shard.step(.restoreAnnounced(ShardHarness.request, slice)).locked.first
        guard case .receiveSlice(let old, slice)? = verdict else {
            Issue.record("\(verdict as Any)")
            return
        }
        wanted.request = ShardHarness.request.next
        shard.step(.configured(wanted))
        #expect(shard.step(.restoreAnnounced(ShardHarness.request, slice)) == .locked(.discard))
        // What was being received into the older state is no part of this one.
        shard.step(.restoreReceived(old, slice))
        let end = shard.step(.restoreDone(wanted.request, stage: ShardHarness.stage, step: StepIndex(6)))
        #expect(end == .locked(.breakOff(.endWithout(.weight, block: "position"))))
        // Nor is its end the end of this one.
        #expect(
            shard.step(.restoreDone(ShardHarness.request, stage: ShardHarness.stage, step: StepIndex(6))).isEmpty)
        shard.restore(wanted, step: 4)
        #expect(
            shard.sent == [
                .restored(
                    Reply(term: Term(1), request: wanted.request), stage: ShardHarness.stage, step: StepIndex(4))
            ])
    }

    /// The slices can come once there is room for them and a way, and those that are missing on another connection.
    @Test func aRestoreIsAskedForOnceForEachConnection() {
        var shard = ShardHarness()
        let wanted = ShardHarness.configuration()
        let ask = ShardAction.askRestore(ShardHarness.reply(), received: 0)
        #expect(!shard.step(.configured(wanted)).unlocked.contains(ask))
        #expect(shard.step(.bulkOpened) == .unlocked(ask))
        shard.step(.bulkClosed)
        #expect(shard.step(.bulkOpened) == .unlocked(ask))
        var next = wanted
        next.request = wanted.request.next
        let actions = shard.step(.configured(next)).unlocked
        guard case .createState? = actions.first, actions.count == 2 else {
            Issue.record("\(actions)")
            return
        }
        #expect(actions[1] == .askRestore(Reply(term: Term(1), request: next.request), received: 0))
        shard.restore(next)
        shard.step(.bulkClosed)
        #expect(shard.step(.bulkOpened) == .nothing)
    }

    @Test func aRestoreOnAnotherConnectionGoesOnAtWhatIsMissing() {
        var shard = ShardHarness()
        var wanted = ShardHarness.configuration()
        shard.step(.configured(wanted))
        for (part, received) in [(WeightPart.weight, 0), (.slot("exp_avg"), 1), (.slot("exp_avg_sq"), 2)] {
            let ask = ShardAction.askRestore(ShardHarness.reply(), received: received)
            #expect(shard.step(.bulkOpened) == .unlocked(ask))
            let slice = TensorSlice(stage: ShardHarness.stage, step: StepIndex(4), block: 1, part: part)
            let verdict = shard.step(.restoreAnnounced(wanted.request, slice)).locked.first
            guard case .receiveSlice(let generation, slice)? = verdict else {
                Issue.record("\(verdict as Any)")
                return
            }
            shard.step(.restoreReceived(generation, slice))
            // One that is announced and does not come whole is missing.
            shard.step(.restoreAnnounced(wanted.request, slice))
            shard.step(.bulkClosed)
        }
        wanted.request = wanted.request.next
        shard.step(.configured(wanted))
        let ask = ShardAction.askRestore(Reply(term: Term(1), request: wanted.request), received: 0)
        #expect(shard.step(.bulkOpened) == .unlocked(ask))
    }

    @Test(arguments: [
        Message.restored(Reply(term: Term(3), request: RequestNumber(4)), stage: StageIndex(0), step: StepIndex(0)),
        .applied(Reply(term: Term(3), request: RequestNumber(4)), stage: StageIndex(0), step: StepIndex(0)),
        .unavailable(Reply(term: Term(3), request: RequestNumber(4)), "no"),
        .restoreRequest(Reply(term: Term(3), request: RequestNumber(4)), received: 2),
        .flushed(Reply(term: Term(3), request: RequestNumber(4))),
    ])
    func messagesOfServersSayTermAndRequest(message: Message) {
        #expect(message.reply == Reply(term: Term(3), request: RequestNumber(4)))
        #expect(Message.heartbeat.reply == nil)
    }
}
