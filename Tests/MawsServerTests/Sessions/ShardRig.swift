import Foundation
import Logging
import MawsBase
import MawsProtocol
import MawsServer
import MawsTransport
import MawsWire
import Testing

/// One shard in a world without sockets and without time of its own: sessions run on the test's thread to the end of
/// their scripts, and who waits lets the time go by.
final class ShardRig: ShardTalk {
    let host: ShardHost
    private let world = FakeServerWorld()
    private let folder: String
    private let links = TrainerLinks()
    /// The coordinator's connections for orders and for tensors.
    let orders = ScriptedChannel(.coordinator)
    private let session: CoordinatorSession

    /// - Parameter bufferBytes: for gradients; nil: as much as the machine has.
    init(_ sample: SampleModel = SampleModel(), bufferBytes: Int? = nil) throws {
        folder = NSTemporaryDirectory() + "maws-shard-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var options = ServerOptions(
            shard: Self.shard, coordinator: NetworkAddress(host: "10.0.0.1", port: 1), certificates: "",
            stateFolder: folder)
        if let bufferBytes { options.bufferLimitBytes = bufferBytes }
        host = ShardHost(
            options: options, found: nil, loss: nil, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            world: world.world)
        session = CoordinatorSession(
            host: host, connection: orders, address: ("10.0.0.2", 7001), watch: QuietWatch())
        super.init(sample)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// What lies in the server's folder.
    var files: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() } }
    /// Where copies of a frozen version would lie.
    var frozenPath: String { "\(folder)/shard-0-of-1.frozen" }
    var now: Moment { world.now }
    /// Lets time go by, from any thread.
    var passing: @Sendable (_ seconds: Double) -> Void { { [world] in world.pass($0) } }

    // MARK: - The coordinator

    /// Says hello and is welcomed.
    func greet() throws -> Message? {
        orders.say(.welcome(Welcome(term: Term(1), plan: [], runID: "run")))
        try session.greet()
        return orders.take().first?.message
    }

    /// Gives these orders, and what the shard tells the coordinator then.
    func order(_ messages: Message...) throws -> [Message] {
        for message in messages { orders.say(message) }
        guard case .lost = try session.follow() else { throw ServerError.stopped(reason: "the session ended") }
        return orders.take().map(\.message)
    }

    /// What a connection for tensors brings on which the coordinator says this.
    func bulk(_ say: (ScriptedChannel) -> Void) throws -> (told: [ScriptedChannel.Told], end: (any Error)?) {
        let channel = ScriptedChannel(.coordinator)
        channel.say(.welcome(Welcome(term: Term(1), plan: [], runID: "run")))
        say(channel)
        world.state.tensors.append { channel }
        let end = #expect(throws: (any Error).self) { try BulkSession(host: host, orders: orders).follow() }
        return (channel.take(), end)
    }

    /// Configures the shard anew and restores its first version.
    func restore() throws {
        _ = try greet()
        #expect(try order(.configure(configuration())) == [])
        let (told, _) = try bulk { channel in
            for (block, part) in sample.parts { say(block, part, on: channel) }
            channel.say(.restoreDone(reply.request, stage: StageIndex(0), step: StepIndex(0)))
        }
        #expect(told.map(\.message) == [.bulk(origin: host.origin), .restoreRequest(reply, received: 0)])
        #expect(orders.take().map(\.message) == [.restored(reply, stage: StageIndex(0), step: StepIndex(0))])
    }

    /// A whole step, from its gradients to the next version.
    func step(_ step: UInt64, clipScale: Double = 0.5) throws {
        let pushed = trainer { trainer in
            for unit in 0..<SampleModel.units {
                for push in sample.trainedBlocks.map({ push(unit, $0, step: step) }) {
                    trainer.say(.push(push), payload(push))
                }
                trainer.say(.flush(request, SampleModel.flush(unit: unit, step: step)))
            }
        }
        if let end = pushed.end { throw end }
        let commit = Commit(
            term: Term(1), stage: StageIndex(0), step: StepIndex(step), learningRate: 0.01, clipScale: clipScale)
        let told = try order(.commit(commit))
        #expect(told.last == .applied(reply, stage: StageIndex(0), step: StepIndex(step + 1)))
    }

    /// What the shard answers to a checkpoint that wants this.
    func answers(to messages: [Message]) throws -> [ScriptedChannel.Told] {
        let (told, _) = try bulk { channel in for message in messages { channel.say(message) } }
        return told.filter { [.snapshotSlice, .unavailable].contains($0.message.kind) }
    }

    /// A checkpoint's slices of a version.
    func snapshot(step: UInt64) throws -> [[UInt8]] {
        let (told, _) = try bulk { channel in
            for (block, part) in sample.parts {
                let slice = TensorSlice(
                    stage: StageIndex(0), step: StepIndex(step), block: UInt32(block), part: part)
                channel.say(.snapshot(RequestNumber(1), slice))
            }
        }
        return told.compactMap { if case .snapshotSlice = $0.message { $0.payload } else { nil } }
    }

    // MARK: - Trainers

    /// What a trainer is told that says this after its hello, and why the shard ended its session.
    func trainer(
        greets: Bool = true, _ say: (ScriptedChannel) -> Void
    ) -> (told: [ScriptedChannel.Told], end: (any Error)?) {
        let channel = ScriptedChannel(.trainer)
        if greets { channel.say(Self.hello) }
        say(channel)
        let end = Result { try TrainerSession(host: host, connection: channel, links: links).run() }
        var told = channel.take()
        if greets, told.first?.message == .welcome(Welcome(term: Term(1), plan: [], runID: "run")) {
            told.removeFirst()
        }
        if case .failure(let error) = end { return (told, error) }
        return (told, nil)
    }
}
