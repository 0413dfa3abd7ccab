import Foundation
import MawsBase
import MawsCheckpoint
import MawsCoordinator
import MawsFiles
import MawsProtocol
import MawsTransport
import MawsWire
import Testing

/// A checkpoint over real lines: what two servers send is what lies in the folder, and comes back to them.
struct CheckpointCollectorTests {
    /// A server's answer to what it is asked: slices of its elements, each with a value of its own.
    ///
    /// - Parameter cutAfter: slices that it sends whole; half of one follows, and the end.
    private func serve(
        _ connection: Connection, _ table: BlockTable, _ shard: ShardIdentity, times: Int, cutAfter: Int = .max
    ) throws {
        let layout = ShardLayout(table: table, shard: shard)
        var answers = 0
        while let incoming = try? connection.receive(timeoutSeconds: 60) {
            guard case .snapshot(let request, let slice) = incoming.message else { continue }
            let range = layout.slices[Int(slice.block)]
            let values = range.map { Float($0) + (slice.part == .weight ? 0.5 : 0.25) }
            answers += 1
            guard answers <= cutAfter else {
                let message = Message.snapshotSlice(Reply(term: Term(1), request: request), slice)
                let frame = try Connection.frame(message, payloadCount: 4 * values.count)
                try connection.send(frame: frame + [UInt8](repeating: 0, count: 2 * values.count))
                return connection.close()
            }
            for _ in 0..<times {
                try values.withUnsafeBytes {
                    try connection.send(.snapshotSlice(Reply(term: Term(1), request: request), slice), payload: $0)
                }
            }
        }
    }

    private func receive(_ peer: Peer, _ connection: Connection, _ collector: CheckpointCollector) {
        Thread.detachNewThread {
            while let incoming = try? connection.receive(timeoutSeconds: 60) {
                guard case .snapshotSlice(let reply, let slice) = incoming.message else { continue }
                try? collector.receive(
                    slice, reply.request, from: peer.id, over: connection, byteCount: incoming.payloadCount)
            }
        }
    }

    /// Every slice comes twice: that is no more than once.
    @Test(arguments: [1, 2])
    func whatServersSendIsWhatLiesInTheFolder(times: Int) throws {
        let run = try RunFixture()
        let lines = try TestLines()
        let mailbox = Mailbox<NodeEvent>()
        let collector = CheckpointCollector(mailbox: mailbox)
        let position = run.position(0, 2)
        let table = run.catalog[StageIndex(0)].table
        let ends = try (0..<2).map { try lines.line(shard: $0, of: 2, id: UInt64($0 + 1)) }
        let shards = (0..<2).map { ShardIdentity(index: $0, count: 2) }
        for (index, end) in ends.enumerated() {
            let bulk = try lines.bulk(of: end.peer)
            receive(end.peer, bulk.own, collector)
            Thread.detachNewThread { try? serve(bulk.server, table, shards[index], times: times) }
        }
        let header = run.preparation().header(StageIndex(0), step: StepIndex(2), computeProfile: nil)
        try collector.begin(
            position, header: header, store: run.store, servers: zip(ends.map(\.peer), shards).map { ($0, $1) }
        ) {}
        guard case .core(.checkpointTaken(position))? = mailbox.take(waitingSeconds: 60).first else {
            return #expect(Bool(false), "it is not taken")
        }
        let checkpoint = try run.checkpoints().open(position)
        try checkpoint.verify()
        for (index, block) in table.blocks.enumerated() {
            var values = [Float](repeating: 0, count: block.count)
            try values.withUnsafeMutableBytes {
                try checkpoint.read(.weight, block: index, range: 0..<block.count, into: $0)
            }
            #expect(values == (0..<block.count).map { Float($0) + 0.5 })
        }
        for end in ends {
            end.peer.end()
            end.server.close()
        }
    }

    /// The first connection is cut in the midst of a slice, after another slice came whole.
    @Test func aCheckpointIsTakenAcrossConnections() throws {
        let run = try RunFixture()
        let lines = try TestLines()
        let mailbox = Mailbox<NodeEvent>()
        let collector = CheckpointCollector(mailbox: mailbox)
        let shard = ShardIdentity(index: 0, count: 1)
        let table = run.catalog[StageIndex(0)].table
        let (peer, server) = try lines.line()
        let first = try lines.bulk(of: peer)
        let header = run.preparation().header(StageIndex(0), step: StepIndex(2), computeProfile: nil)
        try collector.begin(run.position(0, 2), header: header, store: run.store, servers: [(peer, shard)]) {}
        Thread.detachNewThread { try? serve(first.server, table, shard, times: 1, cutAfter: 1) }
        while true {
            guard let incoming = try? first.own.receive(timeoutSeconds: 60) else { break }
            guard case .snapshotSlice(let reply, let slice) = incoming.message else { continue }
            try? collector.receive(
                slice, reply.request, from: peer.id, over: first.own, byteCount: incoming.payloadCount)
        }
        #expect(collector.awaits(peer.id))
        peer.bulk.leave(first.line)
        let second = try lines.bulk(of: peer)
        receive(peer, second.own, collector)
        Thread.detachNewThread { try? serve(second.server, table, shard, times: 1) }
        collector.lineOpened(peer.id)
        guard case .core(.checkpointTaken(run.position(0, 2)))? = mailbox.take(waitingSeconds: 60).first else {
            return #expect(Bool(false), "it is not taken")
        }
        try run.checkpoints().open(run.position(0, 2)).verify()
        peer.end()
        server.close()
    }

    /// A server that has not what is asked for now is not where the run is; what it says of an attempt that was given
    /// up is a leftover.
    @Test func aServerThatDeclinesIsLostUnlessItSpeaksOfAnEarlierAttempt() throws {
        let run = try RunFixture()
        let lines = try TestLines()
        let mailbox = Mailbox<NodeEvent>()
        let collector = CheckpointCollector(mailbox: mailbox)
        let (peer, server) = try lines.line()
        let header = run.preparation().header(StageIndex(0), step: StepIndex(2), computeProfile: nil)
        for _ in 0..<2 {
            try collector.begin(
                run.position(0, 2), header: header, store: run.store,
                servers: [(peer, ShardIdentity(index: 0, count: 1))]
            ) {}
        }
        collector.declined(peer.id, RequestNumber(1), "it is gone")
        #expect(mailbox.take(waitingSeconds: 0).isEmpty)
        collector.declined(peer.id, RequestNumber(2), "it is gone")
        guard case .lost(peer.id, .lacksSlice("it is gone"))? = mailbox.take(waitingSeconds: 0).first else {
            return #expect(Bool(false), "it is not lost")
        }
        peer.end()
        server.close()
    }

    @Test func aServerThatLeavesEndsTheAttemptAndLeavesNothing() throws {
        let run = try RunFixture()
        let lines = try TestLines()
        let mailbox = Mailbox<NodeEvent>()
        let collector = CheckpointCollector(mailbox: mailbox)
        let (peer, server) = try lines.line()
        let header = run.preparation().header(StageIndex(0), step: StepIndex(2), computeProfile: nil)
        try collector.begin(
            run.position(0, 2), header: header, store: run.store,
            servers: [(peer, ShardIdentity(index: 0, count: 1))]
        ) {}
        collector.lost(peer.id)
        guard case .core(.checkpointFailed(run.position(0, 2), _))? = mailbox.take(waitingSeconds: 60).first else {
            return #expect(Bool(false), "nobody is told")
        }
        #expect(try Folder.names(in: run.paths.checkpoints).isEmpty)
        peer.end()
        server.close()
    }
}
