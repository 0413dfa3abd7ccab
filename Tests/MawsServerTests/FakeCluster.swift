import Foundation
import Logging
import MawsBase
import MawsServer
import MawsTransport
import MawsWire
import Testing

/// A coordinator made of this test, real servers, and TLS between them on the loopback.
final class FakeCluster {
    let folder: String
    let shardCount: Int
    private let listener: Listener
    private var threads: [Background] = []
    private(set) var servers: [ServerLink] = []
    /// Connections for tensors that nobody has asked for, by what they name.
    private var bulks: [UInt64: Connection] = [:]
    /// Held while heartbeats are sent on them.
    private let beats = NSLock()
    /// How many of them are refused first.
    var bulkRefusals = 0

    init(shards: Int) throws {
        shardCount = shards
        folder = NSTemporaryDirectory() + "maws-server-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try CertificateAuthority.make(folder: "\(folder)/certificates", cluster: "test")
        listener = try Listener(
            host: "127.0.0.1", port: 0, identity: TLSIdentity(folder: "\(folder)/certificates", role: .coordinator),
            allowedRoles: [.server])
    }

    deinit {
        listener.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Starts every server and says welcome to it.
    func start() throws {
        for index in 0..<shardCount { servers.append(try join(try launch(index))) }
    }

    /// Starts one server on its own thread, as soon as an earlier one has let its state file go.
    /// - Parameters: as in `ServerOptions`.
    func launch(_ index: Int, scrubShare: Double = 0, coordinatorTimeoutSeconds: Double = 10) throws -> Background {
        var options = ServerOptions(
            shard: ShardIdentity(index: index, count: shardCount),
            coordinator: NetworkAddress(host: "127.0.0.1", port: listener.port), certificates: "\(folder)/certificates",
            stateFolder: "\(folder)/state",
            threads: 2, exitsWithCoordinator: true)
        options.reconnectSeconds = 120
        options.scrubShare = scrubShare
        options.coordinatorTimeoutSeconds = coordinatorTimeoutSeconds
        let chosen = options
        let thread = Background {
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            for _ in 0..<2400 {
                if let node = try? ServerMachine(chosen, logger: logger) { return try node.run() }
                Thread.sleep(forTimeInterval: 0.05)
            }
            try ServerMachine(chosen, logger: logger).run()
        }
        threads.append(thread)
        return thread
    }

    /// Starts one server as a process of its own.
    func launchProcess(_ index: Int) throws -> Process {
        let process = Process()
        process.executableURL = Bundle.module.bundleURL.deletingLastPathComponent().appending(path: "maws-ps")
        process.arguments = [
            "--shard", "\(index)/\(shardCount)", "--coordinator", "127.0.0.1:\(listener.port)", "--certificates",
            "\(folder)/certificates", "--state", "\(folder)/state", "--exit-with-coordinator",
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    /// The thread of the server that was started last.
    var lastThread: Background { threads[threads.count - 1] }

    /// A connection and its first message. Those for tensors are welcomed and kept; a process that a test killed may
    /// have dialed just before.
    func acceptAny() throws -> (Connection, Message) {
        for _ in 0..<20 {
            if let accepted = try acceptOne() { return accepted }
        }
        throw ServerError.breach(peer: "server", reason: "no handshake")
    }

    /// The connection for tensors of a server that was welcomed.
    func bulk(of origin: UInt64) throws -> Connection {
        for _ in 0..<20 {
            if let connection = bulks.removeValue(forKey: origin) { return connection }
            if let (other, _) = try acceptOne() { other.close() }
        }
        throw ServerError.breach(peer: "server", reason: "no connection for tensors")
    }

    private func acceptOne() throws -> (Connection, Message)? {
        let connection = try #require(try listener.accept())
        guard (try? connection.handshake(timeoutSeconds: 120)) != nil,
            let message = try? connection.receive(timeoutSeconds: 120).message
        else { return nil }
        guard case .bulk(let origin) = message else { return (connection, message) }
        if bulkRefusals > 0 {
            bulkRefusals -= 1
            connection.refuse("it is too early", mayTryAgain: true)
            return nil
        }
        bulks[origin] = connection
        try? connection.send(.welcome(Welcome(term: Term(1), plan: [], runID: "run")))
        Thread.detachNewThread { [beats] in
            while (try? beats.withLock({ try connection.send(.heartbeat) })) != nil { Thread.sleep(forTimeInterval: 1) }
        }
        return nil
    }

    /// Nothing comes on connections for tensors meanwhile but what `body` sends.
    func withoutBeats<Result>(_ body: () throws -> Result) rethrows -> Result {
        try beats.withLock { try body() }
    }

    /// Says welcome to a server, and no word after.
    func greet(_ thread: Background) throws -> (Connection, Hello) {
        let (connection, hello) = try accept()
        try connection.send(.welcome(Welcome(term: Term(1), plan: [], runID: "run")))
        return (connection, hello)
    }

    func accept() throws -> (Connection, Hello) {
        while true {
            let (connection, message) = try acceptAny()
            if case .hello(let hello) = message { return (connection, hello) }
            // A server that asks about a connection of which it has heard nothing for a while.
            connection.close()
        }
    }

    func join(_ thread: Background, term: UInt64 = 1) throws -> ServerLink {
        let (connection, hello) = try accept()
        try connection.send(.welcome(Welcome(term: Term(term), plan: [], runID: "run")))
        return ServerLink(
            connection, try #require(hello.server), thread, origin: hello.origin,
            bulk: try bulk(of: hello.origin))
    }

    /// A trainer's greeted connection to a server.
    func trainer(_ server: ServerLink, origin: UInt64 = 0) throws -> Connection {
        let identity = try TLSIdentity(folder: "\(folder)/certificates", role: .trainer)
        let connection = try Connection.connect(
            host: server.hello.host, port: server.hello.port, identity: identity, expecting: .server,
            timeoutSeconds: 120)
        try connection.send(
            .hello(
                Hello(
                    protocolVersion: ProtocolVersion.current, role: .trainer, name: "trainer-0", computeProfile: "",
                    dataFingerprint: "", server: nil, term: Term(1), origin: origin)))
        guard case .welcome = try connection.receive(timeoutSeconds: 120).message else {
            throw ServerError.breach(peer: "server", reason: "no welcome")
        }
        return connection
    }

    func statePath(_ index: Int) -> String { "\(folder)/state/shard-\(index)-of-\(shardCount).state" }

    func replace(_ index: Int, by server: ServerLink) {
        if index < servers.count { servers[index] = server } else { servers.append(server) }
    }
}

/// The coordinator's ends of one server's connections.
final class ServerLink: @unchecked Sendable {
    /// For orders, and for tensors.
    let connection: Connection
    private(set) var bulk: Connection
    let hello: ServerHello
    let origin: UInt64
    let thread: Background
    /// What it says under the newest configuration.
    private(set) var reply = Reply(term: Term(0), request: .none)

    init(
        _ connection: Connection, _ hello: ServerHello, _ thread: Background, origin: UInt64, bulk: Connection
    ) {
        self.connection = connection
        self.origin = origin
        self.bulk = bulk
        self.hello = hello
        self.thread = thread
    }

    func layout(_ table: BlockTable) -> ShardLayout { ShardLayout(table: table, shard: hello.shard) }

    /// The next message that is no heartbeat.
    func receive() throws -> Incoming {
        try Self.receive(over: connection)
    }

    private static func receive(over connection: Connection) throws -> Incoming {
        while true {
            let incoming = try connection.receive(timeoutSeconds: 120)
            if incoming.message != .heartbeat { return incoming }
        }
    }

    /// The next message on the connection for tensors that is no heartbeat.
    func receiveBulk() throws -> Incoming { try Self.receive(over: bulk) }

    /// The server opened another one.
    func reopened(_ bulk: Connection) { self.bulk = bulk }

    func configure(_ sample: SampleModel, keepsState: Bool, keepsStep: Bool = true, term: UInt64 = 1) throws {
        try order(sample, keepsState: keepsState, keepsStep: keepsStep, term: term)
        if !keepsState { try restore(sample) }
    }

    /// Sends `configure` alone.
    func order(_ sample: SampleModel, keepsState: Bool = false, keepsStep: Bool = true, term: UInt64 = 1) throws {
        reply = Reply(term: Term(term), request: RequestNumber(reply.request.value + 7))
        var configuration = sample.configuration(keepsState: keepsState, keepsStep: keepsStep, term: term)
        configuration.request = reply.request
        try connection.send(.configure(configuration))
    }

    /// Sends all slices when the server asks for them, or those after the first ones, which it has.
    func restore(_ sample: SampleModel, after received: Int = 0) throws {
        #expect(try receiveBulk().message == .restoreRequest(reply, received: UInt32(received)))
        for (block, part) in sample.parts.dropFirst(received) { try restore(sample, block, part, reply.request) }
        try bulk.send(.restoreDone(reply.request, stage: StageIndex(0), step: StepIndex(0)))
    }

    func restore(_ sample: SampleModel, _ block: Int, _ part: WeightPart, _ request: RequestNumber) throws {
        let slice = TensorSlice(stage: StageIndex(0), step: StepIndex(0), block: UInt32(block), part: part)
        let bytes = sample.start(part, block, layout(sample.table).slices[block])
        try bytes.withUnsafeBytes { try bulk.send(.restore(request, slice), payload: $0) }
    }

    func commit(step: UInt64, clipScale: Double = 0.5, term: UInt64 = 1) throws {
        try connection.send(
            .commit(
                Commit(
                    term: Term(term), stage: StageIndex(0), step: StepIndex(step), learningRate: 0.01,
                    clipScale: clipScale)))
        #expect(try receive().message == .applied(reply, stage: StageIndex(0), step: StepIndex(step + 1)))
    }

    func reduced(step: UInt64) throws -> [Double] {
        guard case .reduced(let reduced) = try receive().message, reduced.step == StepIndex(step),
            reduced.reply == reply
        else {
            throw ServerError.breach(peer: "server", reason: "no report")
        }
        return reduced.chunkSquares
    }

    /// One slice of the applied version, as it is kept.
    func snapshot(_ part: WeightPart, _ block: Int, step: UInt64) throws -> [UInt8] {
        let slice = TensorSlice(stage: StageIndex(0), step: StepIndex(step), block: UInt32(block), part: part)
        try bulk.send(.snapshot(RequestNumber(step), slice))
        let incoming = try receiveBulk()
        #expect(incoming.message == .snapshotSlice(Reply(term: reply.term, request: RequestNumber(step)), slice))
        var bytes = [UInt8](repeating: 0, count: incoming.payloadCount)
        if !bytes.isEmpty { try bytes.withUnsafeMutableBytes { try bulk.receivePayload(into: $0) } }
        return bytes
    }
}

/// Reads a payload of fp32.
func floats(_ connection: Connection, _ payloadCount: Int) throws -> [Float] {
    var values = [Float](repeating: 0, count: payloadCount / 4)
    if payloadCount > 0 { try values.withUnsafeMutableBytes { try connection.receivePayload(into: $0) } }
    return values
}

/// A body on its own thread; `wait` throws what it threw.
final class Background: @unchecked Sendable {
    private let finished = DispatchSemaphore(value: 0)
    private var failure: (any Error)?

    init(_ body: @escaping @Sendable () throws -> Void) {
        Thread.detachNewThread { [self] in
            do { try body() } catch { failure = error }
            finished.signal()
        }
    }

    func wait() throws {
        guard finished.wait(timeout: .now() + 120) == .success else {
            throw ServerError.stopped(reason: "it did not end in 120 s")
        }
        if let failure { throw failure }
    }
}
