import Foundation
import Logging
import MawsBase
import MawsCompression
import MawsProtocol
import MawsServer
import MawsTransport
import MawsWire
import Synchronization
import Testing

/// One shard in a world without sockets and without time of its own: sessions run on the test's thread to the end of
/// their scripts, and who waits lets the time go by.
final class ShardRig {
    let sample: SampleModel
    let host: ShardHost
    private let clock: Clock
    private let folder: String
    private let links = TrainerLinks()
    /// The coordinator's connections for orders and for tensors.
    let orders = ScriptedChannel(.coordinator)
    private let session: CoordinatorSession
    private var configured = Reply(term: Term(0), request: .none)

    private final class Clock: Sendable {
        private let moment = Mutex(Moment(nanoseconds: 0))
        var now: Moment { moment.withLock { $0 } }
        func pass(seconds: Double) { moment.withLock { $0 = $0 + seconds } }
        func pass(to later: Moment) { moment.withLock { $0 = max($0, later) } }
    }

    /// - Parameter bufferBytes: for gradients; nil: as much as the machine has.
    init(_ sample: SampleModel = SampleModel(), bufferBytes: Int? = nil) throws {
        self.sample = sample
        folder = NSTemporaryDirectory() + "maws-shard-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var options = ServerOptions(
            shard: Self.shard, coordinator: NetworkAddress(host: "10.0.0.1", port: 1), certificates: "",
            stateFolder: folder)
        if let bufferBytes { options.bufferLimitBytes = bufferBytes }
        let clock = Clock()
        self.clock = clock
        let world = ServerWorld(
            now: { clock.now }, pause: { clock.pass(seconds: $0) },
            wait: { _, deadline in
                clock.pass(to: deadline)
                return false
            })
        host = ShardHost(
            options: options, found: nil, loss: nil, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            world: world)
        session = CoordinatorSession(
            host: host, connection: orders, address: ("10.0.0.2", 7001), watch: QuietWatch())
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    static let shard = ShardIdentity(index: 0, count: 1)
    var now: Moment { clock.now }
    /// Lets time go by, from any thread.
    var passing: @Sendable (_ seconds: Double) -> Void { { [clock] in clock.pass(seconds: $0) } }

    func slice(_ block: Int) -> Range<Int> { ShardLayout(table: sample.table, shard: Self.shard).slices[block] }

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
        let end = #expect(throws: (any Error).self) {
            try BulkSession(host: host, orders: orders) { _ in channel }.follow()
        }
        return (channel.take(), end)
    }

    /// Configures the shard anew and restores its first version.
    func restore() throws {
        _ = try greet()
        #expect(try order(.configure(configuration())) == [])
        let (told, _) = try bulk { channel in
            for (block, part) in sample.parts { say(block, part, on: channel) }
            channel.say(.restoreDone(configured.request, stage: StageIndex(0), step: StepIndex(0)))
        }
        #expect(told.map(\.message) == [.bulk(origin: host.origin), .restoreRequest(configured)])
        #expect(orders.take().map(\.message) == [.restored(configured, stage: StageIndex(0), step: StepIndex(0))])
    }

    func configuration() -> ServerConfiguration {
        configured = Reply(term: Term(1), request: RequestNumber(configured.request.value + 7))
        var configuration = sample.configuration(keepsState: false, term: 1)
        configuration.request = configured.request
        return configuration
    }

    func say(_ block: Int, _ part: WeightPart, on channel: ScriptedChannel, cut: Int? = nil) {
        let slice = TensorSlice(stage: StageIndex(0), step: StepIndex(0), block: UInt32(block), part: part)
        channel.say(.restore(configured.request, slice), sample.start(part, block, self.slice(block)), cut: cut)
    }

    /// What answers the newest configuration says.
    var reply: Reply { configured }

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

    static let hello = Message.hello(
        Hello(
            protocolVersion: ProtocolVersion.current, role: .trainer, name: "trainer-0", computeProfile: "",
            dataFingerprint: "", server: nil, term: Term(1)))

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

    func push(_ unit: Int, _ block: Int, step: UInt64 = 0, grant: LeaseGrant? = nil) -> Push {
        Push(
            term: Term(1), stage: StageIndex(0), step: StepIndex(step), unit: UnitIndex(UInt32(unit)),
            block: UInt32(block), encoding: sample.encoding, grant: grant ?? SampleModel.grant(step: step))
    }

    func payload(_ push: Push) -> [UInt8] {
        let values = sample.gradient(
            step: push.step.value, unit: Int(push.unit.value), block: Int(push.block), slice: slice(Int(push.block)))
        return values.withUnsafeBytes { TensorCodec.encode($0, as: push.encoding) }
    }

    func shareRows(_ unit: Int, step: UInt64 = 0) -> Message {
        .shareRows(
            UnitRows(term: Term(1), stage: StageIndex(0), step: StepIndex(step), unit: UnitIndex(UInt32(unit))),
            SampleModel.grant(step: step, phase: 0))
    }
}
