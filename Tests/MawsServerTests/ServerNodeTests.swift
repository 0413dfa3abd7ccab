import Foundation
import MawsBase
import MawsCompression
import MawsOptimizer
import MawsProtocol
import MawsServer
import MawsTransport
import MawsWire
import Testing

@Suite(.serialized) struct ServerNodeTests {
    @Test func appliedBitsDoNotDependOnShardsOrderOrDuplicates() throws {
        let expected = try Self.train(shards: 1, seed: 0)
        for (shards, seed) in [(1, 1), (2, 2), (3, 3), (3, 4)] {
            let found = try Self.train(shards: shards, seed: UInt64(seed))
            #expect(found.norms == expected.norms)
            #expect(found.state == expected.state)
        }
        let compressed = try Self.train(shards: 2, seed: 5, encoding: .fp32Zstd)
        #expect(compressed.state == expected.state)
    }

    /// Sums of runs, of which some are made whole on the way, are those of whole slices; zeros keep their sign.
    @Test func appliedBitsDoNotDependOnWhetherZerosTravel() throws {
        let whole = try Self.train(shards: 2, seed: 7, isSparse: true)
        for shards in [1, 2, 3] {
            let runs = try Self.train(shards: shards, seed: 8, encoding: .fp32Runs, isSparse: true)
            #expect(runs.norms == whole.norms)
            #expect(runs.state == whole.state)
        }
    }

    @Test(arguments: [SampleOptimizer.bf16, .int8])
    func encodedMomentsDoNotDependOnShardsAndAreSmall(optimizer: SampleOptimizer) throws {
        let one = try Self.train(shards: 1, seed: 0, optimizer: optimizer)
        let three = try Self.train(shards: 3, seed: 1, optimizer: optimizer)
        #expect(three.state == one.state)
        let full = try Self.train(shards: 2, seed: 1)
        #expect(full.state[0] == one.state[0] && full.state[3] != one.state[3])
        #expect(one.state[4].count <= full.state[4].count / (optimizer == .bf16 ? 2 : 3))
    }

    @Test(arguments: SampleOptimizer.allCases)
    func appliedBitsAreThoseOfTheOptimizerOnTheTreeSum(optimizer: SampleOptimizer) throws {
        let sample = SampleModel(optimizer: optimizer)
        let trained = try Self.train(shards: 2, seed: 6, steps: 1, optimizer: optimizer)
        for block in sample.trainedBlocks {
            let all = 0..<sample.table.blocks[block].count
            let units = (0..<SampleModel.units).map { sample.gradient(step: 0, unit: $0, block: block, slice: all) }
            var sum = all.map { ((units[0][$0] + units[1][$0]) + (units[2][$0] + units[3][$0])) + units[4][$0] }
            let weights = all.map { sample.start(block, $0) }
            let slots = sample.table.blocks[block].slots
            let memories = slots.map { slot in
                let bytes = sample.start(.slot(slot.name), block, all)
                let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
                memory.copyBytes(from: bytes)
                return memory
            }
            defer { for memory in memories { memory.deallocate() } }
            sum.withUnsafeMutableBufferPointer { sum in
                WeightUpdate(optimizer.configuration).update(
                    block, of: sample.table, range: all, step: StepIndex(0), learningRate: 0.01, clipScale: 0.5,
                    weights: weights, gradient: sum.baseAddress!, next: sum.baseAddress!,
                    slots: zip(slots, memories).map {
                        SlotSlice($0, of: sample.table.blocks[block], slice: all, memory: $1.baseAddress!)
                    })
            }
            #expect(trained.state[3 * block] == sum.withUnsafeBytes(Array.init))
            for (index, memory) in memories.enumerated() {
                #expect(trained.state[3 * block + 1 + index] == Array(memory))
            }
        }
    }

    @Test(arguments: [SampleOptimizer.fp32, .sgd])
    func skippedStepLeavesWeightsAndSlotsAsTheyAre(optimizer: SampleOptimizer) throws {
        let sample = SampleModel(optimizer: optimizer)
        let before = try Self.train(shards: 2, seed: 6, steps: 1, optimizer: optimizer)
        let after = try Self.train(shards: 2, seed: 6, steps: 2, optimizer: optimizer, skipping: [1])
        #expect(after.state == before.state)
        let restart = try Self.train(shards: 2, seed: 6, steps: 1, optimizer: optimizer, skipping: [0])
        for block in sample.trainedBlocks {
            let all = 0..<sample.table.blocks[block].count
            #expect(restart.state[3 * block] == sample.start(.weight, block, all))
        }
    }

    @Test func serverThatDiedAfterReducingAppliesTheCommit() throws {
        let sample = SampleModel()
        let expected = try Self.train(shards: 1, seed: 0, steps: 1)
        let cluster = try Self.startedCluster(shards: 1, sample)
        let first = cluster.servers[0]
        try sample.push(Self.allPushes(sample), step: 0, to: first, over: cluster.trainer(first))
        let squares = try first.reduced(step: 0)
        first.connection.close()
        #expect(throws: ServerError.self) { try first.thread.wait() }

        let second = try cluster.join(try cluster.launch(0), term: 2)
        #expect(second.hello.runID == "run")
        #expect(second.hello.step == StepIndex(0))
        #expect(second.hello.hasReduced)
        try second.configure(sample, keepsState: true, term: 2)
        #expect(try second.receive().message == .restored(second.reply, stage: StageIndex(0), step: StepIndex(0)))
        #expect(try second.reduced(step: 0) == squares)
        try second.commit(step: 0, term: 2)
        cluster.replace(0, by: second)
        #expect(try Self.state(cluster, sample, step: 1) == expected.state)
        second.connection.close()
    }

    /// Gradients that are not to count any more were pushed: of some units, or of all, so that the step was reduced.
    @Test(arguments: [false, true]) func aStepThatStartsOverHasTheBitsOfItsNewGradientsAlone(isReduced: Bool) throws {
        let sample = SampleModel()
        let expected = try Self.train(shards: 1, seed: 0, steps: 1)
        let cluster = try Self.startedCluster(shards: 1, sample)
        let server = cluster.servers[0]
        let connection = try cluster.trainer(server)
        let old = Self.allPushes(sample).filter { isReduced || $0.unit < 3 }
        try sample.push(old, step: 0, to: server, over: connection, other: 9)
        if isReduced { _ = try server.reduced(step: 0) }
        try server.configure(sample, keepsState: true, keepsStep: false, term: 2)
        #expect(try server.receive().message == .restored(server.reply, stage: StageIndex(0), step: StepIndex(0)))
        try sample.push([(0, 1)], step: 0, to: server, over: connection, other: 9)
        let flush = Flush(
            term: Term(1), stage: StageIndex(0), step: StepIndex(0), unit: UnitIndex(0),
            grant: SampleModel.grant(step: 0, term: 1))
        try connection.send(.flush(request, flush))
        let answer = try connection.receive(timeoutSeconds: 120).message
        #expect(answer == .unavailable(Reply(term: Term(2), request: request), "shard 0/1 works under term 2, not 1"))
        let new = try cluster.trainer(server)
        try sample.push(Self.allPushes(sample), step: 0, to: server, over: new, term: 2)
        _ = try server.reduced(step: 0)
        try server.commit(step: 0, term: 2)
        #expect(try Self.state(cluster, sample, step: 1) == expected.state)
    }

    @Test func serverThatDiedInTheMiddleOfAStepComesBackWithItsVersion() throws {
        let sample = SampleModel()
        let expected = try Self.train(shards: 2, seed: 0)
        let cluster = try Self.startedCluster(shards: 2, sample)
        try Self.step(cluster, sample, step: 0, seed: 1)
        let first = cluster.servers[1]
        try sample.push([(2, 1)], step: 1, to: first, over: cluster.trainer(first))
        first.connection.close()
        #expect(throws: ServerError.self) { try first.thread.wait() }

        let second = try cluster.join(try cluster.launch(1))
        #expect(second.hello.step == StepIndex(1))
        #expect(!second.hello.hasReduced)
        try second.configure(sample, keepsState: true)
        #expect(try second.receive().message == .restored(second.reply, stage: StageIndex(0), step: StepIndex(1)))
        cluster.replace(1, by: second)
        try Self.step(cluster, sample, step: 1, seed: 2)
        #expect(try Self.state(cluster, sample, step: 2) == expected.state)
    }

    @Test func gatherBringsThisVersionAndTheOneBefore() throws {
        for encoding in TensorEncoding.allCases {
            let sample = SampleModel(encoding: encoding)
            let cluster = try Self.startedCluster(shards: 2, sample)
            try Self.step(cluster, sample, step: 0, seed: 1)
            let server = cluster.servers[1]
            let slice = server.layout(sample.table).slices[1]
            let connection = try cluster.trainer(server)
            let old = try Self.gather(1, step: 0, slice.count, over: connection)
            #expect(old == slice.map { sample.start(1, $0) })
            let new = try Self.gather(1, step: 1, slice.count, over: connection)
            #expect(try new.withUnsafeBytes(Array.init) == server.snapshot(.weight, 1, step: 1))
            #expect(try new == Self.gather(1, step: 1, slice.count, over: connection))
            try connection.send(.gather(request, stage: StageIndex(0), step: StepIndex(0), block: 77))
            let declined = try connection.receive(timeoutSeconds: 120).message
            #expect(declined == .unavailable(reply, "shard 1/2 has no block 77 of that stage"))
        }
    }

    @Test func rowsComeBackFromEveryConnection() throws {
        let sample = SampleModel()
        let cluster = try Self.startedCluster(shards: 1, sample)
        let connection = try cluster.trainer(cluster.servers[0])
        for unit in [UInt32(3), 1, 3] {
            let unitRows = UnitRows(term: Term(1), stage: StageIndex(0), step: StepIndex(0), unit: UnitIndex(unit))
            try [Float(unit), 0.5].withUnsafeBytes {
                try connection.send(.shareRows(unitRows, SampleModel.grant(step: 0, phase: 0)), payload: $0)
            }
        }
        let flush = SampleModel.flush(unit: 3, step: 0, grant: SampleModel.grant(step: 0, phase: 0))
        try connection.send(.flush(request, flush))
        let receipt = ReceiptSeal(keys: SampleModel.keys, shard: 0).receipt(flush)
        #expect(try connection.receive(timeoutSeconds: 120).message == .flushed(reply, receipt: receipt))
        let other = try cluster.trainer(cluster.servers[0])
        try other.send(.gatherRows(request, stage: StageIndex(0), step: StepIndex(0)))
        for unit in [UInt32(1), 3] {
            let incoming = try other.receive(timeoutSeconds: 120)
            guard case .sharedRows(reply, let unitRows) = incoming.message else {
                Issue.record("\(incoming.message)")
                return
            }
            #expect(unitRows.unit == UnitIndex(unit))
            #expect(try floats(other, incoming.payloadCount) == [Float(unit), 0.5])
        }
        #expect(try other.receive(timeoutSeconds: 120).message == .flushed(reply))
    }

    @Test func trainerThatSendsGarbageLosesItsConnectionAndHarmsNobody() throws {
        let sample = SampleModel()
        let cluster = try Self.startedCluster(shards: 1, sample)
        let server = cluster.servers[0]
        let push = Push(
            term: Term(1), stage: StageIndex(0), step: StepIndex(0), unit: UnitIndex(0), block: 1, encoding: .fp32)
        for message in [Message.push(push), .restoreDone(request, stage: StageIndex(0), step: StepIndex(0))] {
            let rude = try cluster.trainer(server)
            try [Float(1)].withUnsafeBytes {
                try rude.send(message, payload: message == .push(push) ? $0 : .init(start: nil, count: 0))
            }
            // It gets a sentence first.
            guard case .refused = try rude.receive(timeoutSeconds: 120).message else {
                Issue.record("\(message) was taken")
                return
            }
            #expect(throws: TransportError.self) { try rude.receive(timeoutSeconds: 120) }
        }
        let expected = try Self.train(shards: 1, seed: 0, steps: 1)
        try Self.step(cluster, sample, step: 0, seed: 3)
        #expect(try Self.state(cluster, sample, step: 1) == expected.state)
    }

    @Test func refusalOfTheCoordinatorIsTheServersLastWord() throws {
        let cluster = try FakeCluster(shards: 2)
        let thread = try cluster.launch(1)
        let (connection, hello) = try cluster.accept()
        #expect(hello.server?.shard == ShardIdentity(index: 1, count: 2))
        try connection.send(
            .refused(reason: "this run has 3 shards and server-1 says it is shard 1/2", mayTryAgain: false))
        let error = try #require(throws: ServerError.self) { try thread.wait() }
        #expect("\(error)".contains("refused this server: this run has 3 shards and server-1 says it is shard 1/2."))
    }

    @Test func refusalThatMayPassIsTriedAgainByAServerThatWasNeverIn() throws {
        let cluster = try FakeCluster(shards: 1)
        let thread = try cluster.launch(0)
        let origins = try (0..<2).map { _ in
            let (connection, hello) = try cluster.accept()
            try connection.send(.refused(reason: "shard 0/1 is already served by server-0", mayTryAgain: true))
            return hello.origin
        }
        #expect(origins[0] != 0 && origins[0] == origins[1])
        let server = try cluster.join(thread)
        try server.connection.send(.shutdown(isFinished: true, reason: "the run is finished"))
        try thread.wait()
    }

    @Test func serverSaysWhatItKnowsOfATrainersOtherLine() throws {
        let cluster = try Self.startedCluster(shards: 1, SampleModel())
        let line = try cluster.trainer(cluster.servers[0], origin: 77)
        let other = try cluster.trainer(cluster.servers[0])
        func asked(_ origin: UInt64) throws -> LinkState? {
            try other.send(.linkRequest(origin: origin))
            guard
                case .linkState(Reply(term: Term(1), request: RequestNumber(origin)), let state) = try other.receive(
                    timeoutSeconds: 120
                ).message
            else { return nil }
            return state
        }
        let state = try #require(try asked(77))
        #expect(state.isOpen && !state.isHeldUp)
        #expect(state.bytesReceived == line.bytesSent && state.bytesSent == line.bytesReceived)
        #expect(try asked(78)?.isOpen == false)
        line.close()
        // The server's thread notices the end in its own time.
        while try asked(77)?.isOpen == true {}
    }

    @Test func finishedRunEndsTheServerWell() throws {
        let cluster = try Self.startedCluster(shards: 1, SampleModel())
        try cluster.servers[0].connection.send(.shutdown(isFinished: true, reason: "the run is finished"))
        try cluster.servers[0].thread.wait()
    }
}

extension ServerNodeTests {
    static func startedCluster(shards: Int, _ sample: SampleModel) throws -> FakeCluster {
        let cluster = try FakeCluster(shards: shards)
        try cluster.start()
        for server in cluster.servers {
            try server.configure(sample, keepsState: false)
            #expect(try server.receive().message == .restored(server.reply, stage: StageIndex(0), step: StepIndex(0)))
        }
        return cluster
    }

    /// The whole state after some steps, and the gradient norm of each step.
    static func train(
        shards: Int, seed: UInt64, steps: UInt64 = 2, encoding: TensorEncoding = .fp32,
        optimizer: SampleOptimizer = .fp32, skipping: Set<UInt64> = [], isSparse: Bool = false
    ) throws -> (state: [[UInt8]], norms: [Double]) {
        let sample = SampleModel(encoding: encoding, optimizer: optimizer, isSparse: isSparse)
        let cluster = try startedCluster(shards: shards, sample)
        var norms: [Double] = []
        for step in 0..<steps {
            let clipScale = skipping.contains(step) ? 0 : 0.5
            norms.append(try Self.step(cluster, sample, step: step, seed: seed, clipScale: clipScale))
        }
        return (try state(cluster, sample, step: steps), norms)
    }

    static func allPushes(_ sample: SampleModel) -> [(unit: Int, block: Int)] {
        (0..<SampleModel.units).flatMap { unit in sample.trainedBlocks.map { (unit, $0) } }
    }

    /// Two trainers push to every server at the same time, each in its own order, some units both of them; then commit.
    @discardableResult
    static func step(
        _ cluster: FakeCluster, _ sample: SampleModel, step: UInt64, seed: UInt64, clipScale: Double = 0.5
    ) throws -> Double {
        var squares: [[Double]] = []
        for server in cluster.servers {
            let trainers = try (0..<2).map { trainer in
                var random = CounterRandom(seed: seed, purpose: .test, step: step, element: UInt64(trainer))
                let own = allPushes(sample).filter { $0.unit % 2 == trainer || $0.unit == 2 }
                let pushes = random.permutation(own.count).map { own[$0] }
                let connection = try cluster.trainer(server)
                return Background { try sample.push(pushes, step: step, to: server, over: connection) }
            }
            for trainer in trainers { try trainer.wait() }
            squares.append(try server.reduced(step: step))
        }
        for server in cluster.servers { try server.commit(step: step, clipScale: clipScale) }
        return try #require(GradientNorm.norm(table: sample.table, shards: squares))
    }

    /// Weights and slots of every block as they are kept, put together from all shards; 3 × block + part.
    static func state(_ cluster: FakeCluster, _ sample: SampleModel, step: UInt64) throws -> [[UInt8]] {
        var state = [[UInt8]](repeating: [], count: 3 * sample.table.blocks.count)
        for (index, block) in sample.table.blocks.enumerated() {
            let all = 0..<block.count
            for (number, part) in block.parts.enumerated() {
                let layout = SlotLayout(block, number == 0 ? .fp32 : block.slots[number - 1].encoding)
                var whole = [UInt8](repeating: 0, count: layout.byteCount(all))
                for server in cluster.servers {
                    let slice = server.layout(sample.table).slices[index]
                    let bytes = try server.snapshot(part, index, step: step)
                    let scales = layout.scaleBytes(of: slice, in: all)
                    whole.replaceSubrange(scales, with: bytes.prefix(scales.count))
                    whole.replaceSubrange(layout.codeBytes(of: slice, in: all), with: bytes.dropFirst(scales.count))
                }
                state[3 * index + number] = whole
            }
        }
        return state
    }

    static func gather(_ block: UInt32, step: UInt64, _ count: Int, over connection: Connection) throws -> [Float] {
        try connection.send(.gather(request, stage: StageIndex(0), step: StepIndex(step), block: block))
        let incoming = try connection.receive(timeoutSeconds: 120)
        guard case .gathered(reply, _, _, block, let encoding) = incoming.message else { return [] }
        var payload = [UInt8](repeating: 0, count: incoming.payloadCount)
        try payload.withUnsafeMutableBytes { try connection.receivePayload(into: $0) }
        var values = [Float](repeating: 0, count: count)
        try payload.withUnsafeBytes { payload in
            try values.withUnsafeMutableBytes { try TensorCodec.decode(payload, as: encoding, into: $0) }
        }
        return values
    }
}
