import MawsBase
import MawsKernels
import MawsModel
import MawsPlan
import MawsProtocol
import MawsSum
import MawsTensor
import MawsTrainer
import MawsTraining
import MawsTransport
import MawsWire
import Synchronization
import Testing

/// Channels to fake shards, as a trainer of term 1 has them.
private func links(_ shards: [FakeShard], run: TinyRun, answerSeconds: Double = 120) throws -> ShardLinks {
    let links = ShardLinks(timeouts: ShardTimeouts(connectSeconds: 60, answerSeconds: answerSeconds))
    let hello = Hello(
        protocolVersion: ProtocolVersion.current, role: .trainer, name: "trainer-0", computeProfile: "",
        dataFingerprint: "", server: nil, term: Term(1))
    links.use(
        Roster(servers: shards.map(\.address)),
        greeting: ShardGreeting(identity: try run.identity(.trainer), hello: hello, runID: "run"))
    return links
}

@Suite(.serialized) struct GatherTests {
    let run: TinyRun
    let stage: StageIndex
    let table: BlockTable
    let weights: [FloatBuffer]

    init() throws {
        run = try TinyRun()
        stage = run.stageIndex(.mae)
        table = run.table(.mae)
        weights = run.weights(.mae)
    }

    private func cache(_ links: ShardLinks, _ cancellation: Cancellation = Cancellation()) -> BlockCache {
        BlockCache(table: table, stage: stage, links: links, cancellation: cancellation, meter: WaitMeter())
    }

    @Test(arguments: [1, 2, 3], [TensorEncoding.fp32, .fp32Zstd])
    func blocksArriveWholeFromAnyNumberOfShards(count: Int, encoding: TensorEncoding) throws {
        let shards = try FakeShard.cluster(count, run: run, weights: [stage.value: weights], encoding: encoding)
        let links = try links(shards, run: run)
        defer { links.end() }
        let cache = cache(links)
        try cache.begin(StepIndex(0))
        for block in table.blocks.indices {
            let isEqual = try cache.gather(block).values.array == weights[block].array
            #expect(isEqual, "block \(block)")
            cache.release(block)
        }
        for shard in shards { shard.close() }
    }

    @Test func nextVersionGathersTrainableBlocksOnly() throws {
        let shards = try FakeShard.cluster(1, run: run, weights: [stage.value: weights])
        let links = try links(shards, run: run)
        defer { links.end() }
        let cache = cache(links)
        for step in 0..<3 as Range<UInt64> {
            try cache.begin(StepIndex(step))
            for block in table.blocks.indices { _ = try cache.gather(block) }
            // The second unit of a version gathers nothing.
            try cache.begin(StepIndex(step))
        }
        let trainable = table.blocks.count { $0.isTrainable }
        #expect(trainable < table.blocks.count)
        #expect(shards[0].state.withLock { $0.gathers } == table.blocks.count + 2 * trainable)
        shards[0].close()
    }

    /// Forward through the table and back, twice, with room for two of the largest blocks.
    @Test func blocksComeAndGoWhereNotAllOfThemFit() throws {
        let shards = try FakeShard.cluster(2, run: run, weights: [stage.value: weights])
        let links = try links(shards, run: run)
        defer { links.end() }
        let largest = table.blocks.map(\.count).max() ?? 0
        let budget = WeightBudget(byteCountMax: 8 * largest, blockBytes: table.blocks.map { 4 * $0.count })
        let cache = BlockCache(
            table: table, stage: stage, links: links, cancellation: Cancellation(), meter: WaitMeter(), budget: budget)
        #expect(table.parameterCount * 4 > budget.byteCountMax)
        for step in 0..<2 as Range<UInt64> {
            try cache.begin(StepIndex(step))
            for block in Array(table.blocks.indices) + table.blocks.indices.reversed() {
                let isEqual = try cache.gather(block).values.array == weights[block].array
                #expect(isEqual, "block \(block)")
                cache.release(block)
            }
        }
        #expect(cache.heldBytesPeak <= budget.byteCountMax)
        for shard in shards { shard.close() }
    }

    @Test func shardThatDiesInAGatherIsAClearErrorAtOnce() throws {
        let shards = [
            try FakeShard(ShardIdentity(index: 0, count: 2), run: run, weights: [stage.value: weights]),
            try FakeShard(
                ShardIdentity(index: 1, count: 2), run: run, weights: [stage.value: weights],
                fault: .diesAfterGathers(1)),
        ]
        let links = try links(shards, run: run)
        defer { links.end() }
        let cache = cache(links)
        // Waiting for the answer would end with another error.
        let error = #expect(throws: TrainerError.self) {
            try cache.begin(StepIndex(0))
            for block in table.blocks.indices { _ = try cache.gather(block) }
        }
        guard case .unreachable(ShardIdentity(index: 1, count: 2), _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        for shard in shards { shard.close() }
    }

    /// A line that breaks costs nothing where the shard is still there; nor does an answer that comes twice.
    @Test(arguments: [FakeShard.Fault.cutsLineAfterGathers(2), .repeatsAnswers])
    func whatIsLostIsAskedAgainAndWhatIsLeftOverDropped(fault: FakeShard.Fault) throws {
        let shard = try FakeShard(
            ShardIdentity(index: 0, count: 1), run: run, weights: [stage.value: weights], fault: fault)
        let links = try links([shard], run: run)
        defer { links.end() }
        let cache = cache(links)
        try cache.begin(StepIndex(0))
        for block in table.blocks.indices {
            let isEqual = try cache.gather(block).values.array == weights[block].array
            #expect(isEqual, "block \(block)")
        }
        shard.close()
    }

    @Test func aSliceUnderAnotherTermDoesNotCount() throws {
        let identity = ShardIdentity(index: 0, count: 1)
        let shard = try FakeShard(
            identity, run: run, weights: [stage.value: weights], fault: .worksUnderTerm(2))
        let links = try links([shard], run: run)
        defer { links.end() }
        let cache = cache(links)
        try cache.begin(StepIndex(0))
        #expect(throws: TrainerError.otherTerm(shard: identity, term: Term(2), awaited: Term(1))) {
            _ = try cache.gather(0)
        }
        shard.close()
    }

    @Test func silentShardIsAnErrorAfterTheDeadline() throws {
        let shard = try FakeShard(
            ShardIdentity(index: 0, count: 1), run: run, weights: [stage.value: weights], fault: .silentAfterGathers(2))
        let links = try links([shard], run: run, answerSeconds: 0.5)
        defer { links.end() }
        let cache = cache(links)
        let start = Moment.now()
        #expect(throws: (any Error).self) {
            try cache.begin(StepIndex(0))
            for block in table.blocks.indices { _ = try cache.gather(block) }
        }
        #expect(Moment.now().seconds(since: start) > 0.4)
        shard.close()
    }

    @Test func declinedGatherNamesTheShardAndItsReason() throws {
        let shard = try FakeShard(
            ShardIdentity(index: 0, count: 1), run: run, weights: [stage.value: weights], fault: .declinesGathers)
        let links = try links([shard], run: run)
        defer { links.end() }
        let cache = cache(links)
        let wanted = TrainerError.unavailable(
            shard: ShardIdentity(index: 0, count: 1), reason: "version 4 is not here")
        #expect(throws: wanted) {
            try cache.begin(StepIndex(4))
            _ = try cache.gather(0)
        }
        shard.close()
    }

    @Test func trainerComesBackToAShardThatRestarted() throws {
        let identity = ShardIdentity(index: 0, count: 1)
        let first = try FakeShard(
            identity, run: run, weights: [stage.value: weights], fault: .diesAfterGathers(2))
        let links = try links([first], run: run)
        defer { links.end() }
        let cache = cache(links)
        #expect(throws: (any Error).self) {
            try cache.begin(StepIndex(0))
            for block in table.blocks.indices { _ = try cache.gather(block) }
        }
        links.drop(.unitFailed)
        let second = try FakeShard(identity, run: run, weights: [stage.value: weights])
        let hello = Hello(
            protocolVersion: ProtocolVersion.current, role: .trainer, name: "trainer-0", computeProfile: "",
            dataFingerprint: "", server: nil, term: Term(1))
        links.use(
            Roster(servers: [second.address]),
            greeting: ShardGreeting(identity: try run.identity(.trainer), hello: hello, runID: "run"))
        try cache.begin(StepIndex(0))
        for block in table.blocks.indices {
            let isEqual = try cache.gather(block).values.array == weights[block].array
            #expect(isEqual, "block \(block)")
        }
        second.close()
    }

    @Test(arguments: [1, 2, 3], [TensorEncoding.fp32, .fp32Zstd])
    func gradientsReachEveryShardBeforeFlushReturns(count: Int, encoding: TensorEncoding) throws {
        let shards = try FakeShard.cluster(count, run: run, weights: [stage.value: weights])
        let links = try links(shards, run: run)
        defer { links.end() }
        // Room for a part of a block only, so that pushing has to wait for the network.
        let pusher = try GradientPusher(
            lease(1, stage, unit: 1), table: table, encoding: encoding, links: links, cancellation: Cancellation(),
            meter: WaitMeter(), bytesInFlightMax: 20_000)
        for block in table.blocks.indices.reversed() where table.blocks[block].isTrainable {
            try pusher.push(block, weights[block])
        }
        try pusher.flush()
        for block in table.blocks.indices where table.blocks[block].isTrainable {
            let isEqual =
                FakeShard.gradient(shards, stage: stage, unit: 1, block: block) == weights[block].array
            #expect(isEqual, "block \(block)")
        }
        for shard in shards { shard.close() }
    }

    @Test(arguments: [1, 2, 3], [TensorEncoding.fp32, .fp32Zstd])
    func sparseGradientsReachEveryShardWhole(count: Int, encoding: TensorEncoding) throws {
        let shards = try FakeShard.cluster(count, run: run, weights: [stage.value: weights])
        let links = try links(shards, run: run)
        defer { links.end() }
        let pusher = try GradientPusher(
            lease(1, stage, unit: 1), table: table, encoding: encoding, links: links, cancellation: Cancellation(),
            meter: WaitMeter())
        let trained = table.blocks.indices.filter { table.blocks[$0].isTrainable }
        var expected: [Int: [Float]] = [:]
        for (index, block) in trained.enumerated() {
            let (values, size) = (weights[block], table.blocks[block].count)
            // Every other block in pieces that are too large to be worth it.
            let length = index % 2 == 0 ? size / 9 : size / 3
            let pieces = [0, size - length].map { SparseGradient.Piece(start: $0, values: values.all.part($0, length)) }
            let gradient = SparseGradient(count: size, pieces: length > 0 ? pieces : [])
            expected[block] = gradient.dense().array
            try pusher.push(block, gradient)
        }
        try pusher.flush()
        for (block, values) in expected {
            let isEqual = FakeShard.gradient(shards, stage: stage, unit: 1, block: block) == values
            #expect(isEqual, "block \(block)")
        }
        for shard in shards { shard.close() }
    }

    @Test func flushThatIsNotAnsweredIsAnErrorAfterTheDeadline() throws {
        let shard = try FakeShard(
            ShardIdentity(index: 0, count: 1), run: run, weights: [stage.value: weights], fault: .ignoresFlush)
        let links = try links([shard], run: run, answerSeconds: 0.5)
        defer { links.end() }
        let pusher = try GradientPusher(
            lease(1, stage, unit: 0), table: table, encoding: .fp32, links: links, cancellation: Cancellation(),
            meter: WaitMeter())
        try pusher.push(0, weights[0])
        #expect(throws: (any Error).self) { try pusher.flush() }
        shard.close()
    }
}
