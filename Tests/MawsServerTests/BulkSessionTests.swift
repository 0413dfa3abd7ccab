import Foundation
import MawsBase
import MawsServer
import MawsTransport
import MawsWire
import Testing

/// A server's connection for tensors comes and goes beside the one for orders, which waits for nothing on it.
@Suite(.serialized) struct BulkSessionTests {
    private let sample = SampleModel()

    private func joined(_ cluster: FakeCluster, coordinatorTimeoutSeconds: Double = 10) throws -> ServerLink {
        let thread = try cluster.launch(0, coordinatorTimeoutSeconds: coordinatorTimeoutSeconds)
        let server = try cluster.join(thread)
        cluster.replace(0, by: server)
        return server
    }

    /// A slice as `ServerLink.restore` sends it: its frame, and the bytes that follow it.
    private func slice(_ server: ServerLink, _ index: Int, _ request: RequestNumber) throws -> ([UInt8], [UInt8]) {
        let (block, part) = sample.parts[index]
        let slice = TensorSlice(stage: StageIndex(0), step: StepIndex(0), block: UInt32(block), part: part)
        let bytes = sample.start(part, block, server.layout(sample.table).slices[block])
        return (try Connection.frame(.restore(request, slice), payloadCount: bytes.count), bytes)
    }

    private func expectRestored(_ server: ServerLink) throws {
        #expect(try server.receive().message == .restored(server.reply, stage: StageIndex(0), step: StepIndex(0)))
    }

    /// The state that was restored makes of a step what an undisturbed one does.
    private func expectSound(_ cluster: FakeCluster) throws {
        let expected = try ServerNodeTests.train(shards: 1, seed: 0, steps: 1)
        try ServerNodeTests.step(cluster, sample, step: 0, seed: 1)
        #expect(try ServerNodeTests.state(cluster, sample, step: 1) == expected.state)
    }

    /// After some slices, and in the midst of one: it goes on at the first that did not come whole.
    @Test func aRestoreWhoseConnectionIsCutGoesOnAtWhatIsMissingAndSoDoOrders() throws {
        let cluster = try FakeCluster(shards: 1)
        let server = try joined(cluster)
        try server.order(sample)
        for (received, whole) in [(0, 0), (0, 2), (2, 5)] {
            #expect(
                try server.receiveBulk().message == .restoreRequest(server.reply, received: UInt32(received)))
            for (block, part) in sample.parts[received..<whole] {
                try server.restore(sample, block, part, server.reply.request)
            }
            let (frame, bytes) = try slice(server, whole, server.reply.request)
            try server.bulk.send(frame: frame + bytes.prefix(bytes.count / 2))
            server.bulk.close()
            try server.connection.send(.heartbeat)
            server.reopened(try cluster.bulk(of: server.origin))
        }
        try server.restore(sample, after: 5)
        try expectRestored(server)
        try expectSound(cluster)
    }

    /// Slices that stand still in their midst are given up, as those on a connection that is cut.
    @Test func aRestoreThatStandsStillIsAskedForAgain() throws {
        let cluster = try FakeCluster(shards: 1)
        let server = try joined(cluster, coordinatorTimeoutSeconds: 2)
        Thread.detachNewThread {
            while (try? server.connection.send(.heartbeat)) != nil { Thread.sleep(forTimeInterval: 0.2) }
        }
        try server.order(sample)
        #expect(try server.receiveBulk().message == .restoreRequest(server.reply, received: 0))
        let (frame, bytes) = try slice(server, 0, server.reply.request)
        try cluster.withoutBeats {
            try server.bulk.send(frame: frame + bytes.prefix(bytes.count / 2))
            #expect(throws: TransportError.self) { try server.receiveBulk() }
        }
        server.reopened(try cluster.bulk(of: server.origin))
        try server.restore(sample)
        try expectRestored(server)
    }

    /// The end of a slice, other slices and the end of the restore are still on their way.
    @Test func whatIsLeftOfAnAbortedRestoreDoesNotCount() throws {
        let cluster = try FakeCluster(shards: 1)
        let server = try joined(cluster)
        try server.order(sample)
        let old = server.reply.request
        #expect(try server.receiveBulk().message == .restoreRequest(server.reply, received: 0))
        try cluster.withoutBeats {
            let (frame, bytes) = try slice(server, 0, old)
            let wrong = bytes.map { ~$0 }
            try server.bulk.send(frame: frame + wrong.prefix(100))
            try server.order(sample)
            // The server obeys while the slice comes, and asks for the newer restore.
            #expect(try server.receiveBulk().message == .restoreRequest(server.reply, received: 0))
            try server.bulk.send(frame: Array(wrong.dropFirst(100)))
        }
        for index in sample.parts.indices.dropFirst() {
            let (frame, bytes) = try slice(server, index, old)
            try server.bulk.send(frame: frame + bytes.map { ~$0 })
        }
        try server.bulk.send(.restoreDone(old, stage: StageIndex(0), step: StepIndex(0)))
        for (block, part) in sample.parts { try server.restore(sample, block, part, server.reply.request) }
        try server.bulk.send(.restoreDone(server.reply.request, stage: StageIndex(0), step: StepIndex(0)))
        try expectRestored(server)
        try expectSound(cluster)
    }

    @Test func aSliceOfACheckpointIsTheSameOnAnotherConnection() throws {
        let cluster = try ServerNodeTests.startedCluster(shards: 1, sample)
        let server = cluster.servers[0]
        try ServerNodeTests.step(cluster, sample, step: 0, seed: 1)
        let expected = try server.snapshot(.slot("exp_avg"), 1, step: 1)
        let slice = TensorSlice(stage: StageIndex(0), step: StepIndex(1), block: 1, part: .slot("exp_avg"))
        try server.bulk.send(.snapshot(RequestNumber(3), slice))
        _ = try server.receiveBulk()
        server.bulk.close()
        server.reopened(try cluster.bulk(of: server.origin))
        #expect(try server.snapshot(.slot("exp_avg"), 1, step: 1) == expected)
        try ServerNodeTests.step(cluster, sample, step: 1, seed: 1)
    }

    /// The coordinator asks for far more than it reads. Each slice that is sent is of the version that was asked for,
    /// though the commit changes slots in their place meanwhile.
    @Test func aCheckpointThatIsNotReadHoldsUpNoCommit() throws {
        let sample = SampleModel(width: 500)
        let cluster = try ServerNodeTests.startedCluster(shards: 1, sample)
        let server = cluster.servers[0]
        try ServerNodeTests.step(cluster, sample, step: 0, seed: 1)
        let expected = try server.snapshot(.slot("exp_avg"), 1, step: 1)
        try sample.push(ServerNodeTests.allPushes(sample), step: 1, to: server, over: cluster.trainer(server))
        _ = try server.reduced(step: 1)
        let slice = TensorSlice(stage: StageIndex(0), step: StepIndex(1), block: 1, part: .slot("exp_avg"))
        let count = 30
        for _ in 0..<count { try server.bulk.send(.snapshot(RequestNumber(1), slice)) }
        var incoming = try server.receiveBulk()
        try server.commit(step: 1)
        var sliceCount = 0
        for index in 0..<count {
            if index > 0 { incoming = try server.receiveBulk() }
            guard case .snapshotSlice = incoming.message else { continue }
            sliceCount += 1
            var bytes = [UInt8](repeating: 0, count: incoming.payloadCount)
            try bytes.withUnsafeMutableBytes { try server.bulk.receivePayload(into: $0) }
            #expect(bytes == expected)
        }
        #expect(sliceCount > 0 && sliceCount < count, "\(sliceCount)")
        #expect(try server.snapshot(.slot("exp_avg"), 1, step: 2) != expected)
    }

    /// What is not here any more is no reason to end anything: an attempt that was given up may have asked for it.
    @Test func aSliceThatIsNotHereIsDeclined() throws {
        let cluster = try ServerNodeTests.startedCluster(shards: 1, sample)
        let server = cluster.servers[0]
        let slice = TensorSlice(stage: StageIndex(0), step: StepIndex(7), block: 1, part: .weight)
        try server.bulk.send(.snapshot(RequestNumber(5), slice))
        let reply = Reply(term: Term(1), request: RequestNumber(5))
        #expect(
            try server.receiveBulk().message
                == .unavailable(reply, "version 7 is not at shard 0/1, whose newest is 0"))
        try ServerNodeTests.step(cluster, sample, step: 0, seed: 1)
    }

    @Test func aConnectionThatIsRefusedIsTriedAgain() throws {
        let cluster = try FakeCluster(shards: 1)
        cluster.bulkRefusals = 3
        let server = try joined(cluster)
        try server.configure(sample, keepsState: false)
        try expectRestored(server)
    }

    /// Slices on the connection for orders would hold them up.
    @Test func ordersBringNoSlices() throws {
        let cluster = try FakeCluster(shards: 1)
        let server = try joined(cluster)
        let (frame, bytes) = try slice(server, 0, RequestNumber(1))
        try server.connection.send(frame: frame + bytes)
        let end = try #require(throws: ServerError.self) { try cluster.lastThread.wait() }
        #expect("\(end)".contains("it sent a payload where none belongs"), "\(end)")
        // Both end together.
        #expect(throws: TransportError.self) { try server.receiveBulk() }
    }
}
