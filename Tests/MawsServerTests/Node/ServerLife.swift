import Foundation
import Logging
import MawsBase
import MawsProtocol
import MawsServer
import MawsTransport
import MawsWire
import Synchronization
import Testing

/// A server's node in a fake world, from its start to its end and again on the same folder, on the test's thread: no
/// other thread, no socket, no sleep.
final class ServerLife: ShardTalk, @unchecked Sendable {
    let folder: String
    let world = FakeServerWorld()
    var options: ServerOptions
    private(set) var node: ServerNode?
    /// The lines to the coordinator that were dialed, for orders and for tensors.
    private(set) var orders: [ScriptedChannel] = []
    private(set) var tensors: [ScriptedChannel] = []
    private let lines = LogLines()

    override init(_ sample: SampleModel = SampleModel()) {
        folder = NSTemporaryDirectory() + "maws-life-\(UUID().uuidString)"
        options = ServerOptions(
            shard: Self.shard, coordinator: NetworkAddress(host: "10.0.0.1", port: 1), certificates: "",
            stateFolder: folder)
        super.init(sample)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// A process's whole life.
    func live() throws {
        node = nil
        (orders, tensors) = ([], [])
        let node = try ServerNode(options, world: world.world, logger: Logger(label: "test") { [lines] _ in lines })
        self.node = node
        try node.run(listeningAt: NetworkAddress(host: "0.0.0.0", port: 7001))
    }

    var log: String { lines.text }
    var statePath: String { "\(folder)/shard-0-of-1.state" }
    /// What the newest line for orders was told since this was asked last.
    func told() -> [Message] { orders.last?.take().map(\.message) ?? [] }

    // MARK: - The coordinator

    /// The next line for orders brings this, once it is dialed and the server welcomed, and breaks then.
    func line(welcomes: Bool = true, _ say: @escaping @Sendable (ScriptedChannel) -> Void) {
        lay(\.orders, welcomes) { [unowned self] line in
            orders.append(line)
            say(line)
        }
    }

    /// The next line for tensors does, and time goes by in which it is dialed.
    func bulk(_ say: @escaping @Sendable (ScriptedChannel) -> Void) -> [ScriptedChannel.Told] {
        lay(\.tensors, true) { [unowned self] line in
            tensors.append(line)
            say(line)
        }
        let count = tensors.count
        world.pass(1)
        return tensors.count > count ? tensors[count].take() : []
    }

    private func lay(
        _ lines: WritableKeyPath<FakeServerWorld.State, [@Sendable () throws -> ScriptedChannel]>,
        _ welcomes: Bool, _ say: @escaping @Sendable (ScriptedChannel) -> Void
    ) {
        world.state[keyPath: lines].append {
            let line = ScriptedChannel(.coordinator)
            if welcomes { line.say(.welcome(Welcome(term: Term(1), plan: [], runID: "run"))) }
            say(line)
            return line
        }
    }

    /// The first version is restored.
    func restore(on line: ScriptedChannel) {
        line.say(.configure(configuration()))
        line.meanwhile { [unowned self] in
            _ = bulk { [unowned self] channel in
                for (block, part) in sample.parts { say(block, part, on: channel) }
                channel.say(.restoreDone(reply.request, stage: StageIndex(0), step: StepIndex(0)))
            }
            #expect(told().last == .restored(reply, stage: StageIndex(0), step: StepIndex(0)))
        }
    }

    /// The version is kept that the server has.
    func keep(version: UInt64, on line: ScriptedChannel) {
        line.say(.configure(configuration(keepsState: true)))
        line.meanwhile { [unowned self] in
            #expect(told().first { $0.isRestored } == .restored(reply, stage: StageIndex(0), step: StepIndex(version)))
        }
    }

    /// A whole step.
    func step(_ step: UInt64, on line: ScriptedChannel) {
        line.meanwhile { [unowned self] in pushAll(step) }
        commit(step, on: line)
    }

    func commit(_ step: UInt64, on line: ScriptedChannel) {
        line.say(
            .commit(
                Commit(
                    term: Term(1), stage: StageIndex(0), step: StepIndex(step), learningRate: 0.01, clipScale: 0.5)))
        line.meanwhile { [unowned self] in
            #expect(told().contains(.applied(reply, stage: StageIndex(0), step: StepIndex(step + 1))))
        }
    }

    func finish(on line: ScriptedChannel) { line.say(.shutdown(isFinished: true, reason: "done")) }

    /// All that a checkpoint of this version would hold.
    func snapshot(_ step: UInt64) -> [[UInt8]] {
        let told = bulk { [unowned self] channel in
            for (block, part) in sample.parts {
                let slice = TensorSlice(
                    stage: StageIndex(0), step: StepIndex(step), block: UInt32(block), part: part)
                channel.say(.snapshot(RequestNumber(1), slice))
            }
        }
        return told.compactMap { if case .snapshotSlice = $0.message { $0.payload } else { nil } }
    }

    // MARK: - Trainers

    /// Comes, says this and leaves; what it is told.
    @discardableResult
    func trainer(_ say: (ScriptedChannel) -> Void) -> [Message] {
        let channel = ScriptedChannel(.trainer)
        channel.say(Self.hello)
        say(channel)
        node?.serve(channel)
        #expect(channel.isClosed)
        return channel.take().map(\.message)
    }

    /// All gradients of a step.
    func pushAll(_ step: UInt64) {
        trainer { trainer in
            for unit in 0..<SampleModel.units {
                for push in sample.trainedBlocks.map({ push(unit, $0, step: step) }) {
                    trainer.say(.push(push), payload(push))
                }
            }
        }
    }
}

extension Message {
    var isRestored: Bool { if case .restored = self { true } else { false } }
    var isReduced: Bool { if case .reduced = self { true } else { false } }

    /// What a server's hello says.
    var server: ServerHello? { if case .hello(let hello) = self { hello.server } else { nil } }

    /// Why something is not there.
    var lack: String? { if case .unavailable(_, let reason) = self { reason } else { nil } }
}

/// Keeps what is logged.
final class LogLines: LogHandler, Sendable {
    private let lines = Mutex<[String]>([])

    var text: String { lines.withLock { $0.joined(separator: "\n") } }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }

    func log(event: LogEvent) { lines.withLock { $0.append("\(event.level) \(event.message)") } }
}
