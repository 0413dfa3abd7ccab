import MawsBase
import MawsProtocol
import MawsServer
import MawsWire
import Testing

/// A server's sessions from its hello to a checkpoint, by scripts: no socket, no other thread, no time.
@Suite struct WholeStepTests {
    private let stage = StageIndex(0)

    @Test func aStepHasTheBitsThatItHasOverTLS() throws {
        let rig = try ShardRig()
        try rig.restore()
        try push(rig)
        try gather(rig, version: 0) { rig.sample.start(.weight, $0, rig.slice($0)) }
        let commit = Commit(term: Term(1), stage: stage, step: StepIndex(0), learningRate: 0.01, clipScale: 0.5)
        #expect(try rig.order(.commit(commit)) == [.applied(rig.reply, stage: stage, step: StepIndex(1))])
        let state = try rig.snapshot(step: 1)
        let expected = try ServerNodeTests.train(shards: 1, seed: 0, steps: 1)
        #expect(state == expected.state.filter { !$0.isEmpty })
        try gather(rig, version: 1) { expected.state[3 * $0] }
    }

    /// Units unitRows, push and are flushed; then the shard has reduced the step, and says so once.
    private func push(_ rig: ShardRig) throws {
        let shared = rig.trainer { trainer in
            for unit in 0..<SampleModel.units {
                trainer.say(rig.shareRows(unit), [UInt8](repeating: UInt8(unit), count: 8))
                let sharing = SampleModel.grant(step: 0, phase: 0)
                trainer.say(.flush(request, SampleModel.flush(unit: unit, step: 0, grant: sharing)))
            }
            trainer.say(.gatherRows(request, stage: stage, step: StepIndex(0)))
        }
        #expect(shared.end == nil && shared.told.prefix(SampleModel.units).allSatisfy { isReceipt($0.message) })
        let rows = shared.told.dropFirst(SampleModel.units)
        #expect(rows.dropLast().map(\.payload) == (0..<5).map { [UInt8](repeating: $0, count: 8) })
        #expect(rows.last?.message == .flushed(reply))

        let pushed = rig.trainer { trainer in
            for unit in 0..<SampleModel.units {
                for push in rig.sample.trainedBlocks.map({ rig.push(unit, $0) }) {
                    trainer.say(.push(push), rig.payload(push))
                }
                trainer.say(.flush(request, SampleModel.flush(unit: unit, step: 0)))
            }
        }
        #expect(pushed.end == nil && pushed.told.count == SampleModel.units)
        #expect(pushed.told.allSatisfy { isReceipt($0.message) })
        let reports = try rig.order()
        guard case .reduced(let report)? = reports.first, reports.count == 1 else {
            return #expect(Bool(false), "\(reports)")
        }
        #expect(report.reply == rig.reply && report.step == StepIndex(0) && report.bytesPushed > 0)
    }

    private func isReceipt(_ message: Message) -> Bool {
        if case .flushed(reply, true, let receipt) = message { receipt != .none } else { false }
    }

    private func gather(_ rig: ShardRig, version: UInt64, _ expected: (Int) -> [UInt8]) throws {
        let blocks = rig.sample.table.blocks.indices
        let gathered = rig.trainer { trainer in
            for block in blocks {
                trainer.say(.gather(request, stage: stage, step: StepIndex(version), block: UInt32(block)))
            }
        }
        #expect(gathered.end == nil)
        #expect(gathered.told.map(\.payload) == blocks.map(expected))
    }

    @Test func aServerSaysWhoItIsAndIsToldToGo() throws {
        let rig = try ShardRig()
        guard case .hello(let hello)? = try rig.greet() else { return #expect(Bool(false), "no hello") }
        #expect(hello.server?.shard == ShardRig.shard && hello.server?.host == "10.0.0.2" && hello.origin != 0)
        #expect(throws: ServerError.stopped(reason: "enough")) {
            try rig.order(.shutdown(isFinished: false, reason: "enough"))
        }
    }

    @Test func anOrderOfAnOlderTermIsAnsweredWithAReasonAndEndsTheConnection() throws {
        let rig = try ShardRig()
        try rig.restore()
        var older = rig.configuration()
        older.term = Term(0)
        let told = try rig.order(.configure(older))
        guard case .unavailable(_, "it works under term 0, newest is 1")? = told.first else {
            return #expect(Bool(false), "\(told)")
        }
        #expect(rig.orders.isClosed)
    }

    /// What was whole stays, and the rest comes on another connection; nothing is served before.
    @Test func aRestoreThatIsCutGoesOnWithTheNextConnection() throws {
        let rig = try ShardRig()
        _ = try rig.greet()
        _ = try rig.order(.configure(rig.configuration()))
        let last = rig.sample.table.blocks.count - 1
        let cut = try rig.bulk { channel in
            for (block, part) in rig.sample.parts where block < last || part != .weight {
                rig.say(block, part, on: channel)
            }
            rig.say(last, .weight, on: channel, cut: 5)
        }
        #expect("\(cut.end.map { "\($0)" } ?? "")".contains("the script cuts it"))
        let early = try rig.bulk { channel in
            channel.say(.restoreDone(rig.reply.request, stage: stage, step: StepIndex(0)))
        }
        #expect("\(early.end.map { "\($0)" } ?? "")".contains("it ends a restore without the weight of block head"))
        #expect(try rig.order() == [])
        _ = try rig.bulk { channel in
            rig.say(last, .weight, on: channel)
            channel.say(.restoreDone(rig.reply.request, stage: stage, step: StepIndex(0)))
        }
        #expect(try rig.order() == [.restored(rig.reply, stage: stage, step: StepIndex(0))])
        let whole = try rig.snapshot(step: 0)
        #expect(whole == rig.sample.parts.map { rig.sample.start($1, $0, rig.slice($0)) })
    }
}
