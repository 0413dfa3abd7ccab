import Foundation
import MawsBase
import MawsCoordinator
import MawsProtocol
import MawsTransport
import MawsWire
import Testing

/// A server that asks gets the slices of a checkpoint that are its own, as they were written, or is told nothing.
struct ShardRestorerTests {
    private let run: RunFixture
    private let mailbox = Mailbox<NodeEvent>()
    private let reply = Reply(term: Term(3), request: RequestNumber(8))

    init() throws { run = try RunFixture() }

    private func restorer(_ server: FakeBulkServer, _ step: UInt64) -> ShardRestorer {
        var world = CoordinatorWorld.real
        world.beside = { $0() }
        return ShardRestorer(
            checkpoints: run.checkpoints(), position: run.position(0, step), reply: reply, shard: server.shard,
            peer: server.peer, mailbox: mailbox, world: world)
    }

    private func element(_ part: WeightPart, _ index: Int) -> Float { Float(index) + (part == .weight ? 0.5 : 0.25) }

    /// A state that is new has its moments already: they are zero.
    @Test(arguments: [0, 2])
    func allSlicesOfAllShardsAreTheCheckpoint(step: UInt64) throws {
        try run.writeCheckpoint(0, step, element: element)
        let blocks = run.catalog[StageIndex(0)].table.blocks
        var found: [TensorSlice: [Float]] = [:]
        for index in 0..<2 {
            let server = try FakeBulkServer(index, of: 2)
            restorer(server, step).asked(reply, received: 0)
            var sent = server.tensors.take()
            #expect(
                sent.popLast()?.message == .restoreDone(reply.request, stage: StageIndex(0), step: StepIndex(step)))
            for one in sent {
                guard case .restore(reply.request, let slice) = one.message else {
                    return #expect(Bool(false), "\(one.message) is sent")
                }
                found[slice, default: []] += one.payload.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
            }
        }
        for (index, block) in blocks.enumerated() {
            let parts = step == 0 ? [.weight] : block.parts
            for part in parts {
                let slice = TensorSlice(
                    stage: StageIndex(0), step: StepIndex(step), block: UInt32(index), part: part)
                #expect(found.removeValue(forKey: slice) == (0..<block.count).map { element(part, $0) })
            }
        }
        #expect(found.isEmpty)
        #expect(mailbox.take(waitingSeconds: 0).isEmpty)
    }

    /// Once on a connection, and on the next what did not arrive on the last one.
    @Test func whatIsAskedForTwiceIsSentOnceAndTheRestOnTheNextConnection() throws {
        try run.writeCheckpoint(0, 2)
        let server = try FakeBulkServer(0, of: 2)
        let restorer = restorer(server, 2)
        restorer.asked(reply, received: 0)
        let first = server.tensors.take().map(\.message)
        #expect(first.count > 1)
        restorer.asked(reply, received: 0)
        #expect(server.tensors.take().isEmpty)
        for received in [0, 2, first.count - 1, first.count + 7] {
            try server.open()
            restorer.asked(reply, received: received)
            let rest = first.dropLast().dropFirst(received) + first.suffix(1)
            #expect(server.tensors.take().map(\.message) == Array(rest))
        }
    }

    /// What a server asks for in reply to another order, and what comes without a connection for it, is of no use.
    @Test func anotherConfigurationsSlicesAreNotSent() throws {
        try run.writeCheckpoint(0, 2)
        let server = try FakeBulkServer(0, of: 1)
        let restorer = restorer(server, 2)
        restorer.asked(Reply(term: Term(2), request: reply.request), received: 0)
        restorer.asked(Reply(term: reply.term, request: RequestNumber(7)), received: 0)
        server.peer.bulk.close()
        restorer.asked(reply, received: 0)
        #expect(server.tensors.take().isEmpty)
        #expect(mailbox.take(waitingSeconds: 0).isEmpty)
    }

    @Test func nothingIsSentOfACheckpointThatIsGivenUp() throws {
        try run.writeCheckpoint(0, 2)
        let server = try FakeBulkServer(0, of: 1)
        let restorer = restorer(server, 2)
        restorer.cancel()
        restorer.asked(reply, received: 0)
        #expect(server.tensors.take().isEmpty)
        #expect(mailbox.take(waitingSeconds: 0).isEmpty)
    }

    /// The core replaces it by an older one; a server seals nothing, as it is not told that it has all.
    @Test(arguments: ["a byte is another", "it is gone", "it is another run's"])
    func aDamagedCheckpointIsSaidAndTheCoreIsTold(damage: String) throws {
        let folder = "\(run.paths.checkpoints)/mae-2"
        try run.writeCheckpoint(0, 2, runID: damage == "it is another run's" ? "another" : "run")
        switch damage {
        case "a byte is another": try run.damage("\(folder)/weights.safetensors")
        case "it is gone": try FileManager.default.removeItem(atPath: folder)
        default: break
        }
        let server = try FakeBulkServer(0, of: 1)
        restorer(server, 2).asked(reply, received: 0)
        let sent = server.tensors.take().map(\.message)
        #expect(!sent.contains(.restoreDone(reply.request, stage: StageIndex(0), step: StepIndex(2))))
        let events = mailbox.take(waitingSeconds: 0)
        guard events.count == 2, case .note(let sentence) = events[0],
            case .core(.checkpointDamaged(run.position(0, 2))) = events[1]
        else { return #expect(Bool(false), "\(events)") }
        #expect(
            sentence.hasPrefix("server-0 at 10.0.0.7:1, certificate server, cannot be restored from mae-2: "),
            "\(sentence)")
    }

    /// The server asks again on another connection. One that was given up meanwhile, with its server, is no news.
    @Test func aLostConnectionIsSaidAndEnded() throws {
        try run.writeCheckpoint(0, 2)
        let server = try FakeBulkServer(0, of: 1)
        let restorer = restorer(server, 2)
        server.tensors.breakDown()
        restorer.asked(reply, received: 0)
        #expect(server.tensors.isEnded)
        let events = mailbox.take(waitingSeconds: 0)
        guard events.count == 1, case .remark(let sentence, source: "server server") = events[0] else {
            return #expect(Bool(false), "\(events)")
        }
        #expect(
            sentence.hasPrefix("server-0 at 10.0.0.7:1, certificate server, was not restored: server at"),
            "\(sentence)")
        try server.open()
        server.tensors.breakDown { restorer.cancel() }
        restorer.asked(reply, received: 0)
        #expect(mailbox.take(waitingSeconds: 0).isEmpty)
    }
}
