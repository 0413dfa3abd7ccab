import Foundation
import MawsBase
import MawsServer
import MawsState
import MawsTransport
import MawsWire
import Testing

/// A byte of a server's state file is not what was written there: by the disk, the memory, or somebody's hand.
@Suite(.serialized) struct StateDamageTests {
    /// The step after is reduced, so that a next process would believe all of it.
    @Test(arguments: Spot.allCases, SampleOptimizer.allCases)
    func damageWhileTheServerIsAwayIsFoundBeforeAnythingIsServed(spot: Spot, optimizer: SampleOptimizer) throws {
        let sample = SampleModel(optimizer: optimizer)
        let cluster = try Self.reducedCluster(sample)
        cluster.servers[0].connection.close()
        #expect(throws: ServerError.self) { try cluster.servers[0].thread.wait() }
        try spot.damage(cluster.statePath(0), sample)

        let second = try cluster.join(try cluster.launch(0))
        #expect(second.hello.runID == "run" && second.hello.hasReduced)
        try second.configure(sample, keepsState: true)
        try Self.expectLoss(second, spot, cluster, sample)
        try Self.expectFreshStart(cluster, sample)
    }

    /// What reads the chunk next finds it: nothing is served and no version made of it.
    @Test(arguments: Spot.allCases, SampleOptimizer.allCases)
    func damageWhileTheServerRunsIsFoundByTheUpdate(spot: Spot, optimizer: SampleOptimizer) throws {
        // Marks are cleared before they are read, and frozen weights are no part of an update.
        guard ![.mark, .frozen, .frozenCheck].contains(spot) else { return }
        let sample = SampleModel(optimizer: optimizer)
        let cluster = try Self.reducedCluster(sample)
        try spot.damage(cluster.statePath(0), sample)
        try cluster.servers[0].connection.send(
            .commit(
                Commit(
                    term: Term(1), stage: StageIndex(0), step: StepIndex(1), learningRate: 0.01, clipScale: 0.5)))
        try Self.expectLoss(cluster.servers[0], spot, cluster, sample)
        try Self.expectFreshStart(cluster, sample)
    }

    @Test(arguments: [Spot.weight, .frozen, .weightCheck, .frozenCheck], [TensorEncoding.fp32, .fp32Zstd])
    func damagedWeightsAreNotGathered(spot: Spot, encoding: TensorEncoding) throws {
        let sample = SampleModel(encoding: encoding)
        let cluster = try Self.reducedCluster(sample)
        let server = cluster.servers[0]
        let trainer = try cluster.trainer(server)
        try spot.damage(cluster.statePath(0), sample)
        try trainer.send(.gather(request, stage: StageIndex(0), step: StepIndex(1), block: spot.isFrozen ? 0 : 1))
        // The server of this test ends with its coordinator's connection, maybe before it has told the trainer why.
        let answer = Result { try trainer.receive(timeoutSeconds: 5).message }
        switch answer {
        case .success(.unavailable(_, let reason)): #expect(reason.contains(spot.name(sample)))
        case .success(let message): Issue.record("the answer is \(message)")
        case .failure(let error): #expect(error is TransportError)
        }
        try Self.expectLoss(server, spot, cluster, sample)
    }

    @Test(arguments: [Spot.weight, .frozen, .firstSlot, .secondSlot])
    func damageDoesNotGetIntoACheckpoint(spot: Spot) throws {
        let sample = SampleModel()
        let cluster = try Self.reducedCluster(sample)
        try spot.damage(cluster.statePath(0), sample)
        let part: WeightPart =
            switch spot {
            case .firstSlot: .slot("exp_avg")
            case .secondSlot: .slot("exp_avg_sq")
            default: .weight
            }
        let slice = TensorSlice(
            stage: StageIndex(0), step: StepIndex(1), block: spot.isFrozen ? 0 : 1, part: part)
        try cluster.servers[0].bulk.send(.snapshot(request, slice))
        try Self.expectLoss(cluster.servers[0], spot, cluster, sample)
    }

    /// Nobody asks for anything.
    @Test(arguments: Spot.allCases.filter { $0 != .mark }, [SampleOptimizer.fp32, .int8, .sgd])
    func damageIsFoundWhileTheRunWaits(spot: Spot, optimizer: SampleOptimizer) throws {
        let sample = SampleModel(optimizer: optimizer)
        let cluster = try Self.reducedCluster(sample, scrubShare: 0.5)
        try spot.damage(cluster.statePath(0), sample)
        try Self.expectLoss(cluster.servers[0], spot, cluster, sample)
    }

    /// A step that is skipped makes the next version out of the weights alone.
    @Test func damagedWeightsAreNotCopiedByASkippedStep() throws {
        let sample = SampleModel()
        let cluster = try Self.reducedCluster(sample)
        try Spot.weight.damage(cluster.statePath(0), sample)
        try cluster.servers[0].connection.send(
            .commit(
                Commit(term: Term(1), stage: StageIndex(0), step: StepIndex(1), learningRate: 0.01, clipScale: 0)))
        try Self.expectLoss(cluster.servers[0], .weight, cluster, sample)
    }

    /// A step that is skipped does not read the slots, unless a checkpoint wants them of the version before it.
    @Test func damagedSlotsAreNotCopiedForACheckpoint() throws {
        let sample = SampleModel()
        let cluster = try Self.reducedCluster(sample)
        try cluster.servers[0].connection.send(.freeze(request, stage: StageIndex(0), step: StepIndex(1)))
        try Spot.firstSlot.damage(cluster.statePath(0), sample)
        try cluster.servers[0].connection.send(
            .commit(
                Commit(term: Term(1), stage: StageIndex(0), step: StepIndex(1), learningRate: 0.01, clipScale: 0)))
        try Self.expectLoss(cluster.servers[0], .firstSlot, cluster, sample)
    }

    /// Both headers, so that the file says nothing at all.
    @Test func aServerWhoseFileCannotBeUsedTellsTheCoordinatorWhy() throws {
        let sample = SampleModel()
        let cluster = try Self.reducedCluster(sample)
        cluster.servers[0].connection.close()
        #expect(throws: ServerError.self) { try cluster.servers[0].thread.wait() }
        let file = try #require(FileHandle(forUpdatingAtPath: cluster.statePath(0)))
        for slot in [UInt64(0), 4096] {
            try file.seek(toOffset: slot + 40)
            try file.write(contentsOf: Data([0xA5, 0x5A]))
        }
        try file.close()
        let second = try cluster.join(try cluster.launch(0))
        #expect(second.hello.runID.isEmpty)
        guard case .unavailable(_, let reason) = try second.receive().message else {
            Issue.record("the coordinator was not told")
            return
        }
        #expect(
            reason.hasPrefix("the state file is not used: ") && reason.hasSuffix("neither of its headers is whole."))
        cluster.replace(0, by: second)
        try second.configure(sample, keepsState: false)
        #expect(try second.receive().message == .restored(second.reply, stage: StageIndex(0), step: StepIndex(0)))
        second.connection.close()
    }

    /// A gradient that does not count any more is overwritten: a death in the midst of that is no damage.
    @Test func aGradientThatWasDroppedIsNotBelievedAfterADeath() throws {
        let sample = SampleModel()
        let cluster = try Self.reducedCluster(sample)
        let first = cluster.servers[0]
        try first.configure(sample, keepsState: true, keepsStep: false, term: 2)
        #expect(try first.receive().message == .restored(first.reply, stage: StageIndex(0), step: StepIndex(1)))
        first.connection.close()
        #expect(throws: ServerError.self) { try first.thread.wait() }
        let second = try cluster.join(try cluster.launch(0), term: 3)
        #expect(second.hello.step == StepIndex(1) && !second.hello.hasReduced)
        second.connection.close()
    }
}

extension StateDamageTests {
    /// A byte that a next process would believe, or this one.
    enum Spot: CaseIterable {
        case weight, reduced, firstSlot, secondSlot, frozen
        /// Checksums of the weights in force, and of the frozen ones.
        case weightCheck, frozenCheck
        case mark

        /// Damages block 1, the first that is trained, or of block 0, which is frozen.
        func damage(_ path: String, _ sample: SampleModel, boot: [UInt8]? = MachineBoot.identity) throws {
            let state = try #require(try StateFile.open(path, boot: boot))
            let layout = StateLayout(sample.table, shard: ShardIdentity(index: 0, count: 1), laneCount: 1)
            let (shape, active) = (state.shape, state.content.activeBank)
            let offset =
                switch self {
                case .weight: shape.weightOffset(bank: active)
                case .reduced: shape.weightOffset(bank: 1 - active)
                case .firstSlot: shape.slotsOffset + layout.slots[1][0].offset
                case .secondSlot: shape.slotsOffset + layout.slots[1][1].offset
                case .frozen: shape.frozenOffset
                case .weightCheck: shape.checksOffset + 4 * active
                case .frozenCheck: shape.frozenChecksOffset
                case .mark: shape.marksOffset
                }
            let file = try #require(FileHandle(forUpdatingAtPath: path))
            try file.seek(toOffset: UInt64(offset + 2))
            let byte = try #require(try file.read(upToCount: 1)).first ?? 0
            try file.seek(toOffset: UInt64(offset + 2))
            try file.write(contentsOf: Data([byte ^ 0x20]))
            try file.close()
        }

        var isFrozen: Bool { self == .frozen || self == .frozenCheck }

        /// As the server calls it.
        func name(_ sample: SampleModel) -> String {
            let slots = sample.table.blocks[1].slots
            return switch self {
            case .weight, .weightCheck: "weight"
            case .reduced: "gradient"
            case .firstSlot: "the slot \(slots[0].name) of block block.0, chunk 0"
            case .secondSlot: "the slot \(slots[1].name) of block block.0, chunk 0"
            case .frozen, .frozenCheck: "the frozen part of block position, chunk 0 (elements 0 to 4095)"
            case .mark: "the mark or the copy in the journal of block block.0"
            }
        }
    }

    /// One server at version 1, with the reduced gradient of the step after.
    static func reducedCluster(_ sample: SampleModel, scrubShare: Double = 0) throws -> FakeCluster {
        let cluster = try FakeCluster(shards: 1)
        let server = try cluster.join(try cluster.launch(0, scrubShare: scrubShare))
        cluster.replace(0, by: server)
        try server.configure(sample, keepsState: false)
        #expect(try server.receive().message == .restored(server.reply, stage: StageIndex(0), step: StepIndex(0)))
        for step in [UInt64(0), 1] {
            try sample.push(ServerNodeTests.allPushes(sample), step: step, to: server, over: cluster.trainer(server))
            _ = try server.reduced(step: step)
            if step == 0 { try server.commit(step: 0) }
        }
        return cluster
    }

    /// The coordinator is told why, the connection ends, and the file is gone.
    static func expectLoss(_ server: ServerLink, _ spot: Spot, _ cluster: FakeCluster, _ sample: SampleModel) throws {
        let message = try server.receive().message
        guard case .unavailable(_, let reason) = message else {
            Issue.record("\(message)")
            return
        }
        #expect(reason.contains("shard-0-of-1.state is damaged: ") && reason.contains(spot.name(sample)), "\(reason)")
        #expect(throws: TransportError.self) { try server.receive() }
        #expect(throws: ServerError.self) { try server.thread.wait() }
        #expect(!FileManager.default.fileExists(atPath: cluster.statePath(0)))
    }

    /// The next process has nothing, takes a restore, and makes of it what an undisturbed one does.
    static func expectFreshStart(_ cluster: FakeCluster, _ sample: SampleModel) throws {
        let fresh = try cluster.join(try cluster.launch(0))
        #expect(fresh.hello.runID.isEmpty)
        try fresh.configure(sample, keepsState: false)
        #expect(try fresh.receive().message == .restored(fresh.reply, stage: StageIndex(0), step: StepIndex(0)))
        cluster.replace(0, by: fresh)
        try ServerNodeTests.step(cluster, sample, step: 0, seed: 1)
        let expected = try ServerNodeTests.train(shards: 1, seed: 0, steps: 1, optimizer: sample.optimizer)
        #expect(try ServerNodeTests.state(cluster, sample, step: 1) == expected.state)
    }
}
