import Foundation
import MawsBase
import MawsServer
import MawsState
import MawsTransport
import MawsWire
import Testing

/// An older copy of a server's state file, or pieces of one, over the present file: every chunk of it agrees with its
/// checksum, and none with what the server wrote.
@Suite(.serialized) struct OlderStateTests {
    /// What of the older copy is written over the file.
    enum Piece: CaseIterable {
        case everything, weightsWithChecks, slotsWithChecks
    }

    @Test(arguments: Piece.allCases, [SampleOptimizer.fp32, .int8, .sgd])
    func theUpdateMakesNothingOfIt(piece: Piece, optimizer: SampleOptimizer) throws {
        let sample = SampleModel(optimizer: optimizer)
        let cluster = try Self.clusterWithOlderCopy(sample, piece)
        try cluster.servers[0].connection.send(.commit(Self.commit(1)))
        try Self.expectLoss(cluster.servers[0], cluster)
        try StateDamageTests.expectFreshStart(cluster, sample)
    }

    @Test(arguments: [Piece.everything, .weightsWithChecks])
    func itIsNotGathered(piece: Piece) throws {
        let sample = SampleModel()
        let cluster = try Self.clusterWithOlderCopy(sample, piece)
        let trainer = try cluster.trainer(cluster.servers[0])
        try trainer.send(.gather(request, stage: StageIndex(0), step: StepIndex(1), block: 1))
        // The server of this test ends with its coordinator's connection, maybe before it has told the trainer why.
        if case .success(.gathered) = Result(catching: { try trainer.receive(timeoutSeconds: 5).message }) {
            Issue.record("it was gathered")
        }
        try Self.expectLoss(cluster.servers[0], cluster)
    }

    @Test(arguments: [WeightPart.weight, .slot("momentum_buffer"), .slot("ema")])
    func itDoesNotGetIntoACheckpoint(part: WeightPart) throws {
        let cluster = try Self.clusterWithOlderCopy(SampleModel(optimizer: .sgd), .everything)
        let slice = TensorSlice(stage: StageIndex(0), step: StepIndex(1), block: 1, part: part)
        try cluster.servers[0].bulk.send(.snapshot(request, slice))
        try Self.expectLoss(cluster.servers[0], cluster)
    }

    /// Nobody asks for anything.
    @Test(arguments: Piece.allCases)
    func itIsFoundWhileTheRunWaits(piece: Piece) throws {
        let cluster = try Self.clusterWithOlderCopy(SampleModel(), piece, scrubShare: 0.5)
        try Self.expectLoss(cluster.servers[0], cluster)
    }

    /// Page by page: the older copy's page in the present file, and the present page in the older copy, whose header
    /// speaks of the older version.
    @Test(arguments: [SampleOptimizer.fp32, .int8, .sgd])
    func aFileOfMixedVersionsIsFoundByTheNextProcess(optimizer: SampleOptimizer) throws {
        let sample = SampleModel(optimizer: optimizer)
        let cluster = try Self.clusterWithOlderCopy(sample, nil)
        let server = cluster.servers[0]
        server.connection.close()
        #expect(throws: ServerError.self) { try server.thread.wait() }
        let present = try Data(contentsOf: URL(filePath: cluster.statePath(0)))
        let older = try Data(contentsOf: URL(filePath: "\(cluster.statePath(0)).older"))
        #expect(older.count == present.count)
        let shape = try #require(try StateFile.open(cluster.statePath(0))).shape
        // Behind the headers, and before the journal, of which only the marks that do not fit are believed.
        let pages = stride(from: 2 * 4096, to: present.count, by: 4096).filter { page in
            (page < shape.marksOffset || page >= shape.checksOffset)
                && present[page..<page + 4096] != older[page..<page + 4096]
        }
        #expect(pages.count > 6)
        for (index, page) in pages.enumerated() {
            for (whole, piece) in [(present, older), (older, present)] {
                var mixed = whole
                mixed.replaceSubrange(page..<page + 4096, with: piece[page..<page + 4096])
                try mixed.write(to: URL(filePath: cluster.statePath(0)))
                let next = try cluster.join(try cluster.launch(0), term: UInt64(2 + index))
                try next.configure(sample, keepsState: true, term: UInt64(2 + index))
                try Self.expectLoss(next, cluster)
            }
        }
    }

    /// A skipped step's slots are those of the version before: the file is whole, and goes on.
    @Test(arguments: SampleOptimizer.allCases)
    func aStateAfterASkippedStepIsBelieved(optimizer: SampleOptimizer) throws {
        let sample = SampleModel(optimizer: optimizer)
        let cluster = try StateDamageTests.reducedCluster(sample)
        let first = cluster.servers[0]
        try first.connection.send(
            .commit(
                Commit(term: Term(1), stage: StageIndex(0), step: StepIndex(1), learningRate: 0.01, clipScale: 0)))
        #expect(try first.receive().message == .applied(first.reply, stage: StageIndex(0), step: StepIndex(2)))
        first.connection.close()
        #expect(throws: ServerError.self) { try first.thread.wait() }
        let second = try cluster.join(try cluster.launch(0))
        try second.configure(sample, keepsState: true)
        #expect(try second.receive().message == .restored(second.reply, stage: StageIndex(0), step: StepIndex(2)))
        cluster.replace(0, by: second)
        try sample.push(ServerNodeTests.allPushes(sample), step: 2, to: second, over: cluster.trainer(second))
        _ = try second.reduced(step: 2)
        try second.commit(step: 2)
    }
}

extension OlderStateTests {
    static func commit(_ step: UInt64) -> Commit {
        Commit(term: Term(1), stage: StageIndex(0), step: StepIndex(step), learningRate: 0.01, clipScale: 0.5)
    }

    /// One server at version 1 with the reduced gradient of the step after, and over its file what it held a step
    /// before.
    static func clusterWithOlderCopy(
        _ sample: SampleModel, _ piece: Piece?, scrubShare: Double = 0
    ) throws -> FakeCluster {
        let cluster = try FakeCluster(shards: 1)
        let server = try cluster.join(try cluster.launch(0, scrubShare: scrubShare))
        cluster.replace(0, by: server)
        try server.configure(sample, keepsState: false)
        #expect(try server.receive().message == .restored(server.reply, stage: StageIndex(0), step: StepIndex(0)))
        let path = cluster.statePath(0)
        for step in [UInt64(0), 1] {
            try sample.push(ServerNodeTests.allPushes(sample), step: step, to: server, over: cluster.trainer(server))
            _ = try server.reduced(step: step)
            guard step == 0 else { continue }
            try FileManager.default.copyItem(atPath: path, toPath: "\(path).older")
            try server.commit(step: 0)
        }
        guard let piece else { return cluster }
        let older = try Data(contentsOf: URL(filePath: "\(path).older"))
        let shape = try #require(try StateFile.open(path)).shape
        let checks = shape.checksOffset..<shape.size
        let ranges: [Range<Int>] =
            switch piece {
            case .everything: [0..<older.count]
            case .weightsWithChecks: [shape.weightOffset(bank: 0)..<shape.slotsOffset, checks]
            case .slotsWithChecks: [shape.slotsOffset..<shape.marksOffset, checks]
            }
        // In place, as the server has the file mapped.
        let file = try #require(FileHandle(forWritingAtPath: path))
        for range in ranges {
            try file.seek(toOffset: UInt64(range.lowerBound))
            try file.write(contentsOf: older[range])
        }
        try file.close()
        return cluster
    }

    /// The coordinator is told why, with the chunk; the connection ends, and the file is gone.
    static func expectLoss(_ server: ServerLink, _ cluster: FakeCluster) throws {
        let message = try server.receive().message
        guard case .unavailable(_, let reason) = message else {
            Issue.record("\(message)")
            return
        }
        #expect(
            reason.contains("shard-0-of-1.state is damaged: ") && reason.contains(", chunk ")
                && reason.contains("is not what was written there"), "\(reason)")
        #expect(throws: TransportError.self) { try server.receive() }
        #expect(throws: ServerError.self) { try server.thread.wait() }
        #expect(!FileManager.default.fileExists(atPath: cluster.statePath(0)))
    }
}
